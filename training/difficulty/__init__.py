"""The difficulty predictor, fitted again to sweeps and graded answers. Each file says what it does."""
