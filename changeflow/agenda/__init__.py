"""Find what is due in a programme at a moment. Pure functions: a tick can run twice, and makes up for missed days."""
