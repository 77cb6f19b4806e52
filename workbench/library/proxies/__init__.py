"""Proxies of the library: planned, made, made again, and what they save."""
