"""Levelling: dates at which no team needs more people than it has."""
