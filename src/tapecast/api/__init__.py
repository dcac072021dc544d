"""The HTTP side: one stateless replica, any number of browsers on one Redis subscription.

`server.py` runs it, `app.py` routes. A tick enters by `hub.py`, waits in a client's `mailbox.py` and leaves
by `streams.py`. Nothing here awaits Redis while it serves a request, and nothing here knows a venue.
"""
