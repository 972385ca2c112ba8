"""The torch engine keeps the contract of engines."""

from __future__ import annotations

import pytest
from support.engine_contract import EngineContract, MakeEngine

from router.engines.torch import TorchEngine
from router.engines.torch.model import Loaded
from router.weights import Weights


@pytest.mark.timeout(300)
class TestTorchEngine(EngineContract):
    @pytest.fixture
    def make_engine(self, weights: Weights, loaded: Loaded, monkeypatch: pytest.MonkeyPatch) -> MakeEngine:
        monkeypatch.setattr("router.engines.torch.engine.load", lambda path: loaded)  # once is enough
        return lambda: TorchEngine(weights, slots=4, context=512)
