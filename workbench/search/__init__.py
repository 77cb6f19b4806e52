"""Finding moments again, by words and by meaning."""
