"""Sound of films: how loud it is, and pieces of it."""
