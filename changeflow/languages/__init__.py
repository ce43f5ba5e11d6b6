"""The languages of messages and their pages: a catalogue for each, and how to write days and numbers."""
