"""What a roadmap is made of: tasks, links, pathways, and what they guarantee whatever the dates."""
