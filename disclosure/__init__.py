"""An independent attack on publications of people's scores: random trusts, sequences of imports, and an attacker."""
