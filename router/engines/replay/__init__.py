"""What was sampled once answers again: any PRM, and any strategy that samples, at no cost of compute."""

from compute_router.engines.replay.engine import ReplayEngine
from compute_router.engines.replay.recording import Recording, read_recording

__all__ = ["Recording", "ReplayEngine", "read_recording"]
