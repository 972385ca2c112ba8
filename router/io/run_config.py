"""The configuration of a run, as config.json holds it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from hashlib import sha256
from typing import Any

import orjson

from compute_router.difficulty.probe_file import PROBE
from compute_router.engines.replay import ReplayEngine
from compute_router.factory import Settings
from compute_router.io.strategy_text import strategy_text
from compute_router.pipeline import Router
from compute_router.problem import Problem
from compute_router.scoring import EmbeddedPrm
from compute_router.solve_options import SolveOptions

__all__ = ["run_config"]


def run_config(
    router: Router, settings: Settings, problems: Sequence[Problem], options: SolveOptions
) -> dict[str, Any]:
    """What a run's results depend on. A run continues only under an equal configuration."""
    given = options.strategy
    rows = [[problem.id, problem.text, problem.gold, problem.error] for problem in problems]
    manifest, probe = (settings.predictor_path / name for name in ("manifest.json", PROBE))
    config = {
        "schema_version": 1,
        "input": {"problems": len(problems), "sha256": sha256(orjson.dumps(rows)).hexdigest()},
        "strategy": "auto" if given is None else strategy_text(given),
        "budget": options.budget,
        "average_budget": options.average_budget,
        "price": None if settings.price is None else asdict(settings.price),
        "deadline_s": options.deadline_s,
        "seed": settings.seed,
        "engine": settings.engine,
        "policy_model": {
            "name": router.engine.model.name,
            "params": router.engine.model.params,
            "fingerprint": router.engine.model.fingerprint,
            "context": router.engine.model.context,
        },
        "prm": {
            "name": router.scorer.name,
            "is_baseline": router.scorer.is_baseline,
            "sha256": router.scorer.fingerprint if isinstance(router.scorer, EmbeddedPrm) else None,
        },
        "limits": {
            "step_tokens": router.limits.step_tokens,
            "path_tokens": router.limits.path_tokens,
            "steps": router.limits.steps,
            "temperature": router.limits.temperature,
        },
        # A strategy that is given asks no table: a new table does not end its runs.
        "table_sha256": sha256(settings.table_path.read_bytes()).hexdigest() if given is None else None,
        "predictor_sha256": sha256(manifest.read_bytes()).hexdigest(),
        "probe_sha256": sha256(probe.read_bytes()).hexdigest() if probe.exists() else None,
    }
    if isinstance(router.engine, ReplayEngine):
        config["recording_sha256"] = router.engine.recording
    return config
