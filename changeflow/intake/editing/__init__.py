"""Edits of a programme's files: each changes a few lines of their text, and leaves all others as they are."""
