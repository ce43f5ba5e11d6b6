"""Schedule risk: ranges instead of single durations, and what they do to the dates that people steer by."""
