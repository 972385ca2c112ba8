"""From a decision to paths: one scheduler, a driver for each search, budgets, retries, batches."""
