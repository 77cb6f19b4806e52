"""Films that move: a storyboard is compiled to Manim scenes, and drawn by Manim in a process of its own."""
