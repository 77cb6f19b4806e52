"""What a workspace does about films: writes, makes, keeps, speaks."""
