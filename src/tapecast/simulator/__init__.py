"""A local Alpaca: data, paper account and REST on one port, for demos, tests, load. All of it is SIMULATED.

Real alpaca-py clients talk to it. From the inside out:

    config.py                      seed, keys, plan, rate, hours, tape, faults to begin with
    symbols.py hours.py bars.py    what is listed, when sessions begin and end, open/high/low/close
    ledger.py exchange.py          what printed of one symbol; what any market here can do
    walk.py market.py playback.py  seeded prices, or a recorded tape: time goes in, trades and quotes come out
    wire.py amends.py codec.py     the venue's spelling of them, in msgpack and in JSON
    paths.py codes.py              which paths there are, with which channels; error codes
    session.py subscription.py     one connection's side of the protocol, and what it is subscribed to
    faults.py changes.py           what is wrong with a path or with REST, and how that is said in words
    outbox.py bad.py               what waits to be sent on a connection; frames that nobody should get
    gate.py endpoint.py            a path of WebSockets; one of data, with its one slot
    tape.py                        the pump that serves all paths
    stream.py sockets.py           the WebSocket shell, which can freeze
    rest.py                        prices and the clock by HTTP
    paper/                         the paper account: its orders, its REST and its trading stream
    restfaults.py                  REST, late or failing
    desk.py venue.py               the hand on the tape; all that can be done to a running simulator
    acts.py control.py             the same in words, by HTTP
    app.py server.py               all of it on one socket

The pure parts know no I/O and no clock. Faults sit between `session.py` and `outbox.py`.
"""
