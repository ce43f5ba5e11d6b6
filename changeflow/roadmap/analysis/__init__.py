"""What a timed roadmap says: why each date is there, what a slip costs, what conflicts and what changed."""
