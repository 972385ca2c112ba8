"""Arms by problems: what a sweep runs, its records, and which arms a set of samples answers for."""
