"""Copies of videos: by which recipe, from which packets, and the clips cut out of them."""
