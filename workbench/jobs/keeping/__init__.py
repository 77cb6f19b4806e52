"""Backups, restoring them, and forgetting what has ended."""
