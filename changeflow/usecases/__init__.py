"""Load, compute, save: one function for each task of a person or a flow."""
