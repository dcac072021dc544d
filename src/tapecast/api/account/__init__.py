"""The account as clients see it: positions at the newest prices, totals, orders, and how well it is kept.

Follow a price through `book` (who is told), `holding` (one position), `repricing` (the arithmetic) and
`portfolio` (the totals).
"""
