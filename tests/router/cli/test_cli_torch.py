"""--engine torch: the decisions of the embedded model, and one clear error where torch is not installed."""

from __future__ import annotations

import pytest
from router_kit import Cli

from compute_router.engines.embedded import EmbeddedEngine
from compute_router.engines.torch import TorchEngine, library
from compute_router.errors import EngineError
from compute_router.factory import EngineName, Settings, build


def test_it_decides_as_the_embedded_engine_does(cli: Cli) -> None:
    documents = [
        cli("route", "Compute 1 + 1.", "--engine", engine, "--json").document
        for engine in ("embedded", "torch")
    ]
    assert documents[0] == documents[1]


@pytest.mark.parametrize(("name", "engine"), [("torch", TorchEngine), ("embedded", EmbeddedEngine)])
def test_the_engine_that_is_asked_for_is_the_one_that_writes(name: EngineName, engine: type) -> None:
    router = build(Settings(engine=name, policy_model="SmolLM2-135M-Instruct"))
    assert type(router.engine) is engine


@pytest.mark.parametrize("name", ["torch", "transformers"])
def test_without_the_extra_it_says_how_to_get_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> object:
        raise ImportError(f"No module named {name!r}")

    monkeypatch.setattr(library, "import_module", missing)
    load = getattr(library, name)
    load.cache_clear()
    with pytest.raises(EngineError, match=rf"needs {name}: pip install 'compute-router\[torch\]'") as raised:
        load()
    assert not raised.value.retryable
