"""What a file is, and how it becomes cheap to send."""
