"""Processes that do the work, and those that look after them."""
