"""What `make run` plays: the main job on the sample programme."""
