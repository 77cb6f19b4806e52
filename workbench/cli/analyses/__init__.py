"""Commands about analyses: ask, show, compare, find, report."""
