"""From a question to a storyboard: models explain, refine, write the script and check it."""
