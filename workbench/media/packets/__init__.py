"""The few packets of a film that its sampled pictures need."""
