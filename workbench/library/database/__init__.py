"""The catalog's file or server: its tables, its rows, and the one door to them."""
