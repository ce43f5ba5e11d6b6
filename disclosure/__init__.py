"""An independent attack on what is published of people's scores: random trusts, their sequences, and an attacker."""
