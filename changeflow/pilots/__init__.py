"""Pilots and parallel runs: exit criteria, reconciliation, go or no-go."""
