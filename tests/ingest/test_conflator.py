"""Only what a session has confirmed is published, newest only, in order, and never lost to a failing Redis."""
