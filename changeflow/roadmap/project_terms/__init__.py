"""A timed roadmap in the terms that Microsoft Project knows: see `docs/decisions/0032`."""
