"""What is measured: a module for each question of the design's table, each with `rows(config)`."""
