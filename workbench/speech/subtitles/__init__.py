"""Subtitles and captions: read, written, and found inside of videos."""
