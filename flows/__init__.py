"""Prefect entry points: when, retry, observe. Thin over use cases; none waits for a person, each may run twice."""
