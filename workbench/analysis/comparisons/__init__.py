"""Analyses of one asset beside each other."""
