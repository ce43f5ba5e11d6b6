"""Microsoft Project files (MSPDI) in, as roadmaps."""
