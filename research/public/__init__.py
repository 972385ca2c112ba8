"""The public sweeps of other systems. `python -m research public-sweeps` judges routing on each of them, and
`python -m research public-records` writes them as sweep files."""
