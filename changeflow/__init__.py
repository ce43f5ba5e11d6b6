"""changeflow: the engine that a change programme runs on."""

__version__ = "0.2.0.dev0"
