"""Load, compute, save: one function for each thing that a person or a flow does."""
