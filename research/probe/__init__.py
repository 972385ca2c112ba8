"""The probe: what a few samples of a problem say of it. Fitting `difficulty.probe` and judging it."""
