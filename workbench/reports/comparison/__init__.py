"""Two analyses of one file, as a chart, a table, and a block of a report."""
