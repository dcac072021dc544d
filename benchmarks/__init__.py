"""tapecast, its peers and the limits of C, side by side in one run: `python -m benchmarks --help`."""
