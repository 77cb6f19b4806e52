"""Plans carried out: calls made, kept and put together."""
