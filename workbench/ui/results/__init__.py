"""What was found on screen: watched, compared, searched, reported."""
