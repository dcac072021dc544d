"""A local Alpaca: data stream and REST on one port, for demos, tests and load. Everything in it is SIMULATED.

Real alpaca-py clients talk to it. From the inside out:

    config.py                      seed, keys, plan, rate
    symbols.py hours.py bars.py    what is listed, when sessions begin and end, open/high/low/close
    walk.py market.py              the seeded prices: time goes in, trades and quotes come out
    wire.py codec.py               the venue's spelling of them, in msgpack and in JSON
    session.py outbox.py           one connection's side of the protocol, and what waits to be sent on it
    endpoint.py tape.py            one path with its one slot, and the pump that serves all paths
    stream.py sockets.py           the WebSocket shell
    rest.py portfolio.py           prices, clock, account and positions by HTTP
    server.py                      all of it on one socket

The pure parts know no I/O and no clock; faults are to be put between `session.py` and `outbox.py`.
"""
