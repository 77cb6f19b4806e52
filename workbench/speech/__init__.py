"""Words heard and spoken."""
