"""Kills, restarts and broken connections: compare what is sent despite them with what a quiet run sends."""
