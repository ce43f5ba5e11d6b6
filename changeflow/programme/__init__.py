"""One programme as one immutable value, and the queries that rules and reports run on it."""
