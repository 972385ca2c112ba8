"""The problems of the shipped sweeps: `python -m research workload`. Sums of any size:
`python -m research arithmetic`."""
