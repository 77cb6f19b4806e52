"""Commands about films and voices."""
