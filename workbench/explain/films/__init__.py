"""Films: their pieces, put together, looked at, and published."""
