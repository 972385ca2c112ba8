"""The torch engine keeps the contract of engines."""

from __future__ import annotations

import pytest

from compute_router.engines.torch import TorchEngine
from compute_router.engines.torch.model import Loaded
from compute_router.weights import Weights
from support.engine_contract import EngineContract, MakeEngine


@pytest.mark.timeout(300)
class TestTorchEngine(EngineContract):
    @pytest.fixture
    def make_engine(self, weights: Weights, loaded: Loaded, monkeypatch: pytest.MonkeyPatch) -> MakeEngine:
        monkeypatch.setattr("compute_router.engines.torch.engine.load", lambda path: loaded)  # once is enough
        return lambda: TorchEngine(weights, slots=4, context=512)
