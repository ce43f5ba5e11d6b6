"""The rulebook: findings and implied links over a whole programme."""
