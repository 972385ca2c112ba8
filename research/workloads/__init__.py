"""The problems that the shipped sweeps are of."""
