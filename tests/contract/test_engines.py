"""Every engine keeps the contract: the scripted one, and the embedded one with a real model."""

from __future__ import annotations

import pytest

from compute_router.engines import ScriptedEngine
from compute_router.engines.embedded import EmbeddedEngine
from compute_router.weights import resolve
from support.engine_contract import EngineContract, MakeEngine


class TestScriptedEngine(EngineContract):
    max_tokens = 200

    @pytest.fixture
    def make_engine(self) -> MakeEngine:
        return lambda: ScriptedEngine(delay_s=0.002, context=1000)


@pytest.mark.timeout(300)
class TestEmbeddedEngine(EngineContract):
    @pytest.fixture
    def make_engine(self) -> MakeEngine:
        weights = resolve("SmolLM2-135M-Instruct")
        return lambda: EmbeddedEngine(weights, slots=4, context=512)
