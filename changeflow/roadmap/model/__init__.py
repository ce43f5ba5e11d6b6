"""The parts of a roadmap: tasks, links, pathways, and the order that links guarantee."""
