"""The public sweeps of other systems: as records, and routing judged on each of them."""
