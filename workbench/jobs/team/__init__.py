"""A team on this machine, for trying."""
