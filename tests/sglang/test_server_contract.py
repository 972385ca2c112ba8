"""The engine over a real server keeps the contract of engines, and so does a fleet of one server twice."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from compute_router.engines.sglang import Fleet, SGLangEngine
from support.engine_contract import EngineContract, MakeEngine


class TestSGLang(EngineContract):
    @pytest.fixture
    def make_engine(self, make_engine: Callable[[], SGLangEngine]) -> MakeEngine:
        return make_engine


class TestFleet(EngineContract):
    @pytest.fixture
    def make_engine(self, make_engine: Callable[[], SGLangEngine]) -> MakeEngine:
        return lambda: Fleet([make_engine(), make_engine()])
