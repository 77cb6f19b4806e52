"""Model services behind one protocol."""
