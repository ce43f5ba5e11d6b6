"""Pilots and parallel runs: exit criteria, reconciliation and evidence for go-live."""
