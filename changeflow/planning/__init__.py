"""Plans for a programme: rollout waves, levelled dates, risks, recovery options, lessons and the pilot's schools."""
