"""What the simulated market lists: common US symbols, every option on them, and crypto pairs.

An invented price that looks wrong is reported as a bug of the page that shows it; so the levels are near what
they once were, and everything else (ticks, spreads, rates) follows from the level.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final

from tapecast.market import Market, market_of

_NASDAQ = """
AAPL 270 MSFT 510 NVDA 188 AMZN 232 GOOGL 282 GOOG 283 META 622 TSLA 424 AVGO 348 COST 925 NFLX 1105
AMD 238 ADBE 338 CSCO 73 PEP 146 QCOM 174 INTC 37 TXN 164 AMGN 321 INTU 655 AMAT 229 BKNG 5030
ISRG 548 MU 239 PANW 211 LRCX 161 ADP 256 GILD 121 SBUX 85 MDLZ 57 REGN 652 VRTX 421 KLAC 1183
SNPS 402 CDNS 331 CRWD 534 MRVL 91 ORLY 97 CTAS 186 ABNB 121 ASML 1022 PYPL 66 MAR 281 FTNT 84
WDAY 231 NXPI 206 PCAR 98 MELI 2110 TEAM 156 DDOG 181 ZS 312 DASH 221 COIN 309 HOOD 126 PLTR 179
SMCI 41 MSTR 232 SOFI 28 RIVN 15 LCID 18 MRNA 25 ROKU 101 DKNG 31 MARA 15.5 RIOT 16 AFRM 71 ARM 151
APP 573 TTD 45 ROST 161 EBAY 86 TMUS 206 CMCSA 28 HON 201 LIN 426 CSX 35 AAL 13 UAL 96 JD 31 PDD 131
BIDU 124 SHOP 152 QQQ 611 TQQQ 106 FAKEPACA 130
"""

_NYSE = """
BRK.B 498 JPM 311 V 336 MA 551 LLY 1005 WMT 103 XOM 117 UNH 324 JNJ 194 PG 147 HD 371 ABBV 221
BAC 53 KO 71 CVX 156 MRK 92 ORCL 231 CRM 241 TMO 572 MCD 306 ACN 246 ABT 128 DIS 107 DHR 222 VZ 41
T 25 PM 155 NKE 64 PFE 25 WFC 86 GS 801 MS 166 C 101 AXP 361 BLK 1081 SCHW 95 IBM 306 GE 307 CAT 562
BA 196 RTX 176 LMT 466 DE 476 UPS 95 FDX 266 MMM 166 LOW 236 TGT 90 F 13 GM 71 UBER 92 SNOW 262
NET 222 TSM 291 BABA 161 NIO 6.2 DAL 60 CVS 79 BMY 47 MO 58 COP 90 SLB 37 OXY 41 FCX 40 NEM 88
SPOT 641 RBLX 106 SNAP 8.3 GME 22 AMC 2.6 RDDT 196 DELL 131 ANET 136 NOW 852
"""

_ARCA = """
SPY 677 IWM 241 DIA 476 VTI 332 VOO 621 GLD 376 SLV 46 XLF 53 XLK 286 XLE 90 TLT 89 EEM 54 EFA 94
ARKK 81 HYG 80
"""

_CRYPTO = """
BTC/USD 101500 ETH/USD 3420 SOL/USD 161 XRP/USD 2.31 DOGE/USD 0.176 LTC/USD 99.5 BCH/USD 503
LINK/USD 15.4 AVAX/USD 17.2 UNI/USD 7.15 AAVE/USD 203 DOT/USD 3.05 SHIB/USD 0.0000097 XTZ/USD 0.61
YFI/USD 4830 SUSHI/USD 0.52 GRT/USD 0.063 CRV/USD 0.46 BAT/USD 0.21 PEPE/USD 0.0000058
BTC/USDT 101480 ETH/USDT 3419
"""

_BUSY: Final = {
    "AAPL",
    "MSFT",
    "NVDA",
    "AMZN",
    "GOOGL",
    "META",
    "TSLA",
    "SPY",
    "QQQ",
    "AMD",
    "BTC/USD",
    "ETH/USD",
}
_TAPES: Final = {"NYSE": "A", "ARCA": "B", "NASDAQ": "C", "CRYPTO": "", "OPRA": ""}


@dataclass(frozen=True)
class Instrument:
    """One listed symbol. Prices are whole ticks inside the market: only so do they never gather dust."""

    symbol: str
    market: Market
    exchange: str
    # Where its price starts.
    level: float
    # Ticks in one dollar; a price is `ticks / scale`, which is the double nearest to the decimal.
    scale: int
    # Decimal places of a size: 0 for shares and contracts.
    size_places: int
    # Usual spread in ticks.
    spread: int
    # Trades in a second, on average.
    rate: float

    @property
    def tape(self) -> str:
        """The consolidated tape that reports its trades; crypto and options have none."""
        return _TAPES[self.exchange]

    def price(self, ticks: int) -> float:
        """A number of ticks as the price on the wire."""
        return ticks / self.scale


def _pairs(table: str) -> Iterator[tuple[str, float]]:
    words = iter(table.split())
    return ((symbol, float(level)) for symbol, level in zip(words, words, strict=True))


def _stock(symbol: str, level: float, exchange: str) -> Instrument:
    # A third of a basis point: one cent for AAPL, two for SPY, 17 for BKNG.
    spread = max(1, round(level * 0.33e-4 * 100))
    return Instrument(symbol, Market.US_EQUITY, exchange, level, 100, 0, spread, _rate(symbol))


def _crypto(symbol: str, level: float) -> Instrument:
    magnitude = math.floor(math.log10(level))
    scale = 10 ** max(2, 4 - magnitude)
    places = min(8, max(0, 3 + magnitude))
    spread = max(1, round(level * 1e-4 * scale))
    return Instrument(symbol, Market.CRYPTO, "CRYPTO", level, scale, places, spread, _rate(symbol))


def _rate(symbol: str) -> float:
    return 5.0 if symbol in _BUSY else 2.0


def _listing() -> Iterator[Instrument]:
    for exchange, table in (("NASDAQ", _NASDAQ), ("NYSE", _NYSE), ("ARCA", _ARCA)):
        yield from (_stock(symbol, level, exchange) for symbol, level in _pairs(table))
    yield from (_crypto(symbol, level) for symbol, level in _pairs(_CRYPTO))


LISTED: Final[dict[str, Instrument]] = {each.symbol: each for each in _listing()}
"""Everything that trades here, by symbol. FAKEPACA is the venue's own test symbol."""

# Roots are written without a dot: BRK.B's options begin with BRKB.
_ROOTS: Final = {
    each.symbol.replace(".", ""): each for each in LISTED.values() if each.market is Market.US_EQUITY
}


@lru_cache(maxsize=10_000)
def instrument(symbol: str) -> Instrument | None:
    """What a symbol stands for: one of LISTED, or any option on a listed stock. None: not listed."""
    listed = LISTED.get(symbol)
    if listed is None and market_of(symbol) is Market.US_OPTION:
        return _option(symbol)
    return listed


def recorded(symbol: str) -> Instrument:
    """A symbol of a recording, which may be listed here or not: its prices come with it."""
    listed, market = instrument(symbol), market_of(symbol)
    if listed is not None:
        return listed
    if market is Market.US_OPTION:
        return Instrument(symbol, market, "OPRA", 1.0, 100, 0, 1, 1.0)
    return _crypto(symbol, 1.0) if market is Market.CRYPTO else _stock(symbol, 1.0, "NASDAQ")


def _option(symbol: str) -> Instrument | None:
    root, expiry, side, strike = symbol[:-15], symbol[-15:-9], symbol[-9], int(symbol[-8:]) / 1000
    underlying = _ROOTS.get(root)
    if underlying is None or not strike or not _is_date(expiry):
        return None
    level = _worth(underlying.level, strike, is_call=side == "C")
    return Instrument(symbol, Market.US_OPTION, "OPRA", level, 100, 0, max(1, round(level)), 1.0)


def _worth(price: float, strike: float, *, is_call: bool) -> float:
    """What it would earn now, and time value that is largest at the money: a shape, not a model."""
    inner = max(0.0, price - strike if is_call else strike - price)
    away = abs(price - strike) / price
    return max(0.05, inner + 0.03 * price * math.exp(-away / 0.1))


def _is_date(yymmdd: str) -> bool:
    try:
        date.fromisoformat(f"20{yymmdd}")
    except ValueError:
        return False
    return True
