"""Commands about files: bring in, make small, back up."""
