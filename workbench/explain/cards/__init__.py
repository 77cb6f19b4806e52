"""Cards: the pictures of a film, drawn with Pillow; they need nothing that is not installed."""
