"""A strategy's skeleton: prices straight from the cache, without a web server in between.

Run it beside `tapecast up`, whose banner names its Redis, or beside `tapecast ingest` and your own:

    pip install 'redis>=6.2'
    REDIS_URL=redis://127.0.0.1:43653/0 SYMBOLS=AAPL,BTC/USD python examples/strategy.py

The symbols have to be streamed: name them in the server's SYMBOLS, or have a page open that shows them.

Two rules keep it honest. `price:AAPL` is there while the path to the venue is healthy and gone within five
seconds of its failure: a key that is missing means "do nothing", never "as before". And what is not above the
(epoch, seq) that you hold is old: a late message must not undo a newer one.
"""

import asyncio
import json
import os
from collections import defaultdict, deque

from redis.asyncio import Redis
from redis.exceptions import RedisError

LENGTH = 20
AWAY = 0.0001


class Prices:
    """The newest tick of each symbol, as the cache has it."""

    def __init__(self, redis):
        self.redis = redis
        self.newest = {}

    async def current(self, symbol):
        """The tick that may be acted on now; None while there is none. Ask just before you act."""
        value = await self.redis.get(f"price:{symbol}")
        return json.loads(value) if value else None

    async def ticks(self, symbols):
        """Each new tick. Ends with RedisError when the cache is lost."""
        # A database other than 0 goes before a channel's name, for channels know of none.
        number = self.redis.connection_pool.connection_kwargs.get("db") or 0
        before = f"db{number}:" if number else ""
        async with self.redis.pubsub(ignore_subscribe_messages=True) as channel:
            # Listen first, read then: nothing falls between the two.
            await channel.subscribe(*(f"{before}price:{symbol}" for symbol in symbols))
            for symbol in symbols:
                if (tick := await self.current(symbol)) and self._is_new(tick):
                    yield tick
            while True:
                message = await channel.get_message(timeout=5)
                tick = json.loads(message["data"]) if message else {}
                # Without a price it says that there is none any more: the only trade was cancelled.
                if "price" in tick and self._is_new(tick):
                    yield tick

    def _is_new(self, tick):
        order = (tick["epoch"], tick["seq"])
        if order <= self.newest.get(tick["symbol"], (0, 0)):
            return False
        self.newest[tick["symbol"]] = order
        return True


def decide(price, past):
    """What to do at this price, by the prices before it. Here: against moves away from their average."""
    if len(past) < LENGTH:
        return None
    average = sum(past) / len(past)
    if price > average * (1 + AWAY):
        return "sell"
    return "buy" if price < average * (1 - AWAY) else None


async def trade(redis, symbols):
    """Decide at each tick, and say what would be done, once for each change of mind."""
    prices = Prices(redis)
    past = defaultdict(lambda: deque(maxlen=LENGTH))
    done = {}
    async for tick in prices.ticks(symbols):
        symbol, price = tick["symbol"], tick["price"]
        wish = decide(price, past[symbol])
        past[symbol].append(price)
        # A tick may have waited in a buffer while the venue went away: look once more before acting.
        if wish and wish != done.get(symbol) and (now := await prices.current(symbol)):
            done[symbol] = wish
            print(f"{wish} {symbol} at {now['price']}", flush=True)  # your broker's order goes here


async def main():
    """Go on for as long as somebody wants it, whatever the cache does."""
    symbols = os.environ.get("SYMBOLS", "AAPL").split(",")
    url = os.environ.get("REDIS_URL", "redis://localhost:6379")
    async with Redis.from_url(url, socket_timeout=10, health_check_interval=5) as redis:
        while True:
            try:
                await trade(redis, symbols)
            except RedisError as error:
                print(f"no cache, doing nothing: {error}", flush=True)
                await asyncio.sleep(1)


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        pass
