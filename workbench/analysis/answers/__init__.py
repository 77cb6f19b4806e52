"""What models answer: its form, and many answers made one."""
