"""What a request means: the calls of it, and their price."""
