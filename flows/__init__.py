"""Prefect entry points for schedules, retries and monitoring. They only call use cases, and may run twice."""
