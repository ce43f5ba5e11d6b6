"""A timed roadmap in the terms of Microsoft Project: see `docs/decisions/0032`."""
