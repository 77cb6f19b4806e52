"""Reading a script without running it: text, structure, names, what LaTeX is needed for, and fixes."""
