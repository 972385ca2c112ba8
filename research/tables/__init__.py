"""Fitting the rows of the strategy table that ships."""
