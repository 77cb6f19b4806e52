"""Media that come in: from folders and from browsers."""
