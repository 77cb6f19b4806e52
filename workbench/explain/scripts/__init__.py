"""Free scenes: Manim scripts that somebody wrote, checked, put right, and rendered in the sandbox."""
