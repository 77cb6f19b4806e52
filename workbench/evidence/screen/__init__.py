"""What stands on the screen: its lines, their times, and titles of slides."""
