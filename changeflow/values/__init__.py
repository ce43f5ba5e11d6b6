"""Words that everyone shares."""
