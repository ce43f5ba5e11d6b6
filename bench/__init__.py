"""Measurements: `make bench`, or `python -m bench GROUP` for one group."""
