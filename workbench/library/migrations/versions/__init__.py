"""The steps, oldest first. A step never changes once it has been released."""
