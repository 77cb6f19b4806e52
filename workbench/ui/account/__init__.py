"""Services and money on screen."""
