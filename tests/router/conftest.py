"""The command line in this process, and routers over the scripted engine."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from router_kit import Cli, MakeRouter, Ran

from compute_router import Router, ScriptedEngine, load_table
from compute_router.cli import main
from compute_router.difficulty import Predictor
from compute_router.difficulty.ability import Abilities, AbilityLaw
from compute_router.difficulty.features import SHAPE
from compute_router.difficulty.text import TextModel
from compute_router.io.data_files import data_path
from compute_router.policies import Limits
from compute_router.scoring import LogprobBaseline


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """compute-router, with a scripted engine that does not dawdle."""
    monkeypatch.setattr(import_module("compute_router.factory"), "SCRIPTED_DELAY_S", 0.0)

    def run(*arguments: str) -> Ran:
        with pytest.raises(SystemExit) as end:
            main(arguments)
        out, err = capsys.readouterr()
        return Ran(end.value.code or 0, out, err)  # type: ignore[arg-type]

    return run


@pytest.fixture
def predictor() -> Predictor:
    """A predictor of one term: "prove" makes a problem hard for a model of 0.5 B parameters."""
    return Predictor(
        text=TextModel(
            terms={"prove": (1.0, 9.0)},
            shape=tuple((0.0, 1.0, 0.0) for _ in SHAPE),
            intercept=-2.0,
            centre=0.0,
            residual=1.0,
            spread=1.0,
        ),
        abilities=Abilities(
            known={}, law=AbilityLaw(intercept=0.0, slope=0.0, offsets={}, sd=0.5, family_sd=0.0)
        ),
        discrimination=1.0,
    )


@pytest.fixture
def make_router(predictor: Predictor) -> MakeRouter:
    """A router over the shipped table and the scripted engine, or the `engine` that is given."""

    def make(
        engine: ScriptedEngine | None = None, *, seed: int = 0, limits: Limits = Limits(), **how: Any
    ) -> Router:
        engine = engine or ScriptedEngine(**how)
        table = load_table(data_path("table.json"))
        return Router(engine, LogprobBaseline(), predictor, table, limits=limits, seed=seed)

    return make
