"""One real SGLang server on the CPU for the whole session. Without SGLang there is nothing to collect."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from sglang_tests import Run

from compute_router.engines.base import Engine
from compute_router.engines.sglang import SGLangEngine, identify
from support.sglang_cpu.model import make_policy_model
from support.sglang_cpu.server import Server

try:
    metadata.version("sglang")
except metadata.PackageNotFoundError:
    collect_ignore_glob = ["test_*.py"]

os.environ["HF_HUB_OFFLINE"] = "1"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A server's start counts as the time of the test that comes first."""
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.timeout(600))


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny policy model, under a name that states a size."""
    return make_policy_model(tmp_path_factory.mktemp("models") / "Tiny-Qwen2-0.1M")


@pytest.fixture(scope="session")
def server(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    log = tmp_path_factory.mktemp("server") / "server.log"
    with Server(model, log, flags=("--enable-deterministic-inference",)) as served:
        yield served


@pytest.fixture
def make_engine(server: Server) -> Callable[[], SGLangEngine]:
    served = identify(server.url)
    return lambda: SGLangEngine(server.url, served, name=served.name, params=100_000, slots=8)


@pytest.fixture
def run(make_engine: Callable[[], SGLangEngine]) -> Run:
    """`use` a started engine, in an event loop of its own."""

    def run(use: Callable[[Engine], Any]) -> Any:
        async def main() -> Any:
            async with make_engine() as engine:
                return await use(engine)

        return asyncio.run(main())

    return run


@pytest.fixture
def problems(tmp_path: Path) -> Path:
    """A file of eight problems."""
    path = tmp_path / "problems.jsonl"
    rows = ({"id": f"p{i}", "problem": f"What is {i} + {42 - i}?", "answer": "42"} for i in range(8))
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path
