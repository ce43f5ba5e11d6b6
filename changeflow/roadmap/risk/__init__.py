"""Schedule risk: ranges instead of fixed durations, and their effect on the milestones."""
