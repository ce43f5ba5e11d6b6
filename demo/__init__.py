"""What `make run` does: the main workflow on the sample programme."""
