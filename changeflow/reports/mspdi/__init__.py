"""Microsoft Project files (MSPDI): writes a timed roadmap with the same dates, floats and critical tasks."""
