"""Programs that run by themselves: inside of the sandbox, or to ask Manim what it offers."""
