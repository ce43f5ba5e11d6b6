"""Documents out: the SRO's report, plans as text and JSON, exports."""
