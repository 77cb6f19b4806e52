"""Answers to the user's own questions, as tables and a block of a report."""
