"""Hold the lease, follow interest, conflate, publish: everything between a feed and the bus."""
