"""The paper account of the local Alpaca: orders are filled at its own market. Everything in it is SIMULATED.

From the inside out:

    money.py ids.py refusal.py      exact arithmetic, names, and how the venue says no
    order.py request.py rules.py    an order; what a client asks for; what of it the venue takes
    touch.py matcher.py             what the market offers, and which order takes it
    holding.py portfolio.py         positions and cash
    figures.py                      what they are worth
    orders.py query.py              all orders, and which of them somebody wants to see
    journal.py                      what happens to an order, each step told to the trading stream
    broker.py account.py            what a client can do; all of it together
    wire.py                         Alpaca's spelling
    rest.py limits.py               the trading host's calls, and how many a minute may be made
    session.py endpoint.py          the trading stream: one connection's side, and who is connected

Nothing here knows a clock but `rest.py`; nothing but the last two lines knows I/O.
"""
