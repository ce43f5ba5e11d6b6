"""The languages that messages and their pages are in: a catalogue each, and how days and numbers are written."""
