"""Training the embedded PRM on a policy model's own rollouts, and judging it on problems it has not seen."""
