"""Text spoken on this machine."""
