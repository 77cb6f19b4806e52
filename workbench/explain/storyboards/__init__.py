"""Films before they are made: beats, what they can show, and where they come from."""
