"""changeflow: the engine that a change programme runs on."""

__version__ = "0.1.0"
