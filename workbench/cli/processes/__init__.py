"""Commands that start and follow processes."""
