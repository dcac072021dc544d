"""tapecast: one market-data connection in, any number of browsers out.

The tree is the data flow. One tick passes through six files, one verb each:

    feeds/alpaca/live.py     receive    a frame of the venue becomes trades and quotes
    ingest/conflator.py      conflate   the newest image of each symbol, and which are dirty
    bus/publisher.py         publish    SET with a TTL and PUBLISH, in one fenced call
    bus/subscriber.py        read       one supervised Redis reader per api process
    api/hub.py               dispatch   to every view that shows the symbol
    api/view.py              send       one frame of Server-Sent Events to all who asked for the same

Beside them: `cli.py` and `launch.py` start the parts, `venue.py` chooses whose prices,
`settings.py` and `errors.py` serve all, `market.py`,
`conflation.py` and `backoff.py` are pure, `simulator/` is a local Alpaca for demos, tests and load, and
`client/` with its terminal, `watch/`, reads a server's streams from anywhere.
"""

__version__ = "0.1.0"
