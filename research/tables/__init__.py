"""Fitting the rows of the strategy table that ships: `python -m research fit-rows`, `trim-table`."""
