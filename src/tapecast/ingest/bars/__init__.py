"""Bars, from every trade of the symbols that somebody wants bars of.

    keeper.py    one ownership of a market: what is wanted, restored, written, asked for     (I/O)
      wanted.py    which bars somebody wants, and for how long still                         pure
      cache.py     what Redis holds as it begins                                             (I/O)
      history.py   the venue's own bars, by REST: before our first trade, and after a gap    (I/O)
      ear.py       hears what the owner hears
      book.py      one symbol: its seconds and minutes, and what is told of each interval    pure
        recent.py  the trades that can be taken back                                        pure
        tally.py   one interval while trades are added                                      pure
        gaps.py    what was not heard                                                       pure
        series.py  what was told of one interval's bars, and what is to be told              pure

A trade costs two additions, of a second and of a minute; whatever is longer is put together from those a few
times a second. The conflator knows nothing of this: it may drop trades, and a bar may not.
"""
