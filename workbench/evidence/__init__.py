"""What can be read off media without asking a model."""
