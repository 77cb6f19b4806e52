"""Short narrated films: a storyboard, a voice, pictures, and one file with captions."""
