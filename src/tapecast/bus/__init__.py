"""Everything that crosses Redis. No other package imports `redis`, and no other knows a key."""
