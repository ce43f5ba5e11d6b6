"""Levelling: dates at which no one and no team has more to do than there is time for."""
