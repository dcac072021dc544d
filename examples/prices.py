"""Prices in Python, with the client that comes with tapecast (`pip install .` in a clone).

    python examples/prices.py AAPL BTC/USD

TAPECAST_URL names another server than http://localhost:8000, API_TOKEN is sent where there is one.
"""

import asyncio
import os
import sys

from tapecast.client import StreamError, SymbolStatus, Tick, connect


async def main(symbols):
    """Every price, and whether it may be believed."""
    url = os.environ.get("TAPECAST_URL", "http://localhost:8000")
    async with connect(url, symbols, token=os.environ.get("API_TOKEN")) as stream:
        async for event in stream:
            match event:
                case Tick(symbol=symbol, price=price, bid=bid, ask=ask):
                    print(symbol, price, bid, ask, flush=True)
                case SymbolStatus(symbol=symbol, state=state, reason=reason):
                    print(symbol, state, reason, flush=True)


if __name__ == "__main__":
    try:
        asyncio.run(main(sys.argv[1:] or ["AAPL", "BTC/USD"]))
    except StreamError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(130)
