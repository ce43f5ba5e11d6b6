"""The critical path engine: one source that Python runs as it is, and that numba compiles for large roadmaps."""
