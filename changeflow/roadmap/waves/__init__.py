"""Rollout waves: which school goes live when with which service, so that the people who do it can."""
