"""Analysis of a timed roadmap: reasons for dates, the cost of a slip, conflicts and changes."""
