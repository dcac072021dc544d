"""`tapecast watch`: prices in a terminal, in a pipe, or once. A client of the server like any other.

command.py    options, exit codes, one line for each way to fail
session.py    one stream, shown in one of the ways below
screen.py     a live table: status.py above prices.py and account.py, each as wide as there is room
lines.py      a line for each event, for pipes: as text or as JSON
once.py       the first image of each symbol
"""
