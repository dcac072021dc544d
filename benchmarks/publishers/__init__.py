"""Programs that put ticks in, on the load's core."""
