"""Rollout waves: when each school goes live with each service, within the capacity of the teams and the schools."""
