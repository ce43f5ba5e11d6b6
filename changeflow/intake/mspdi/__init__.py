"""Microsoft Project files (MSPDI) in, as roadmaps."""

from changeflow.intake.mspdi.reader import ProjectFile, read_mspdi

__all__ = ["ProjectFile", "read_mspdi"]
