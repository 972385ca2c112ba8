"""Sweeps and rollouts as files that can be committed: exported, merged, archived, given their texts back."""
