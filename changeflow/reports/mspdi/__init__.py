"""Microsoft Project files (MSPDI): a timed roadmap out, with the dates, floats and critical tasks that it has here."""
