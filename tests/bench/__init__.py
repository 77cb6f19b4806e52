"""Measurements: `make bench`. Medians of several runs, ratios in one run, results checked."""
