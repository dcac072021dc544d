"""What a trade's conditions say about it: whether it sets the last price, the day's range, the day's volume.

| code                            | name                                          | last | range | volume |
| ------------------------------- | --------------------------------------------- | ---- | ----- | ------ |
| `C` `N`, on tapes A and B `R`   | delivery on another day                       | no   | no    | yes    |
| `W`, on tapes A and B `B`       | average price                                 | no   | no    | yes    |
| `H`                             | price variation                               | no   | no    | yes    |
| `I`                             | odd lot                                       | no   | no    | yes    |
| `U`                             | extended hours, out of sequence               | no   | no    | yes    |
| `V` `7`                         | contingent, qualified contingent              | no   | no    | yes    |
| `M` `Q`                         | official close, open: echoes of other trades  | no   | no    | no     |
| `G` `P` `Z` `3` `4`, on C `R`   | sold late, earlier or derived price, seller   | no   | yes   | yes    |
| `T`                             | extended hours (Form T)                       | yes  | no    | yes    |
| `9`                             | corrected consolidated close: no trade itself | yes  | yes   | no     |
| all others                      |                                               | yes  | yes   | yes    |

Source: the consolidated processing rules for sale conditions in the UTP Plan's "UTP Trade Data Feed" and the
CTA Plan's "CTS" specifications. One departure: to the tapes Form T sets no last price, because their last is
the regular session's. Alpaca streams these trades, gives them as the latest trade and values positions by
them; without them every page would stand still before the open.

Of the rules "only if it is the day's first" we keep what REST says: a seed's trade is taken if nothing better
is held (`ingest/image.py`).

Options (the OPRA Plan's trade message types): `A`, `C`, `E`, `G` cancel an earlier trade and are none
themselves; `B` and `F` are late and out of sequence.
"""

from __future__ import annotations

from typing import Final

from tapecast.market import ADDS_VOLUME, SETS_ALL, SETS_PRICE, SETS_RANGE

_VOLUME_ONLY: Final = dict.fromkeys("CHINUVW7", ADDS_VOLUME)
_NOT_THE_LAST: Final = dict.fromkeys("GPRZ34", SETS_RANGE | ADDS_VOLUME)
_STOCK: Final = (
    _VOLUME_ONLY
    | _NOT_THE_LAST
    | {
        "M": 0,
        "Q": 0,
        "T": SETS_PRICE | ADDS_VOLUME,
        "9": SETS_PRICE | SETS_RANGE,
    }
)
_CTA_STOCK: Final = _STOCK | dict.fromkeys("BR", ADDS_VOLUME)
_OPTION: Final = dict.fromkeys("ACEG", 0) | dict.fromkeys("BF", SETS_RANGE | ADDS_VOLUME)


def effect(conditions: object, tape: object) -> int:
    """The combined effect of all conditions: SETS_PRICE, SETS_RANGE and ADDS_VOLUME, or'ed.

    Stocks come with a list and a tape, options with a string, crypto with neither. What makes no sense says
    nothing against the trade.
    """
    if isinstance(conditions, list):
        table = _CTA_STOCK if tape in ("A", "B") else _STOCK
    elif isinstance(conditions, str):
        table = _OPTION
    else:
        return SETS_ALL
    combined = SETS_ALL
    for code in conditions:
        if isinstance(code, str):
            combined &= table.get(code, SETS_ALL)
    return combined
