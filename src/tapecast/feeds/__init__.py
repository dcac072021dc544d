"""Socket to ticks: one folder per venue, all of them behind the two interfaces in `base.py`.

`replay.py` plays a recording instead of a venue; `timeline.py` and `newest.py` are parts of it.
"""
