"""Single pictures of a film: at a moment, at its cuts, in a strip."""
