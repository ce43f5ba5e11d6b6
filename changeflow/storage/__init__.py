"""The database: versions, facts, forecasts, the outbox and the audit chain. Rows never leave this package."""
