"""Socket to ticks: one folder per venue, all of them behind the two interfaces in `base.py`."""
