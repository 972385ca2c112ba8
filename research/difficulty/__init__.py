"""Fitting the difficulty predictor that ships, and judging it on problems held out:
`python -m research difficulty`."""
