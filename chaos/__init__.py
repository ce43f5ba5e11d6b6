"""Kills, restarts and cut lines: what is sent through all of it is compared with what a quiet run sends."""
