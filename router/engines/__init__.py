"""Engines: who extends paths. One small protocol (base.py), several implementations."""

from compute_router.engines.base import Engine, Extension, ModelInfo, Request
from compute_router.engines.scripted import ScriptedEngine

__all__ = ["Engine", "Extension", "ModelInfo", "Request", "ScriptedEngine"]
