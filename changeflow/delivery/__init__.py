"""Messages out: written from templates, sent through a channel."""
