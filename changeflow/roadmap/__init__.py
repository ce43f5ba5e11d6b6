"""The roadmap: tasks, links, pathways, the critical path and why each date is there."""
