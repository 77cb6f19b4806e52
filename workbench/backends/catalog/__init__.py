"""What models there are and what they cost, with sources and dates."""
