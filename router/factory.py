"""From what a person asks for to a Router: which engine, weights, PRM, predictor and table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import orjson

from compute_router.decide.decision import Chooser
from compute_router.decide.price import Price
from compute_router.decide.table import load_table
from compute_router.difficulty import PolicyModel, load
from compute_router.difficulty.probe_file import PROBE
from compute_router.engines import Engine, ScriptedEngine
from compute_router.engines.presets import load_embedded
from compute_router.engines.replay import Recording, ReplayEngine, read_recording
from compute_router.errors import InputError
from compute_router.io.data_files import data_path
from compute_router.pipeline import Router
from compute_router.policies import Limits
from compute_router.problem import Problem
from compute_router.scoring import SCORERS, EmbeddedPrm, LogprobBaseline, Scorer, make_scorer
from compute_router.scoring.embedded_file import FILE, shipped
from compute_router.scoring.known_prms import find_prm
from compute_router.weights import Progress, default_policy_model, resolve, size_of

if TYPE_CHECKING:
    from compute_router.engines.sglang import Served

__all__ = ["EngineName", "Settings", "build", "chooser", "run_config"]

EngineName = Literal["embedded", "torch", "sglang", "replay", "scripted"]

SCRIPTED_DELAY_S = 0.02


@dataclass(frozen=True, slots=True)
class Settings:
    """What a person may set; None stands for what is shipped. `engine_urls` are the SGLang servers of the
    policy model, `prm_urls` those of the PRM; `recordings` are the runs that `replay` answers from."""

    engine: EngineName = "embedded"
    policy_model: str | None = None
    prm: str | None = None
    seed: int = 0
    table: Path | None = None
    predictor: Path | None = None
    price: Price | None = None
    engine_urls: tuple[str, ...] = ()
    prm_urls: tuple[str, ...] = ()
    recordings: tuple[Path, ...] = ()

    @property
    def scores(self) -> str:
        """What scores steps. Unless another is asked for, the embedded policy models have the PRM that was
        trained on them, the others the baseline."""
        if self.prm is not None:
            return self.prm
        return EmbeddedPrm.name if self.engine in ("embedded", "torch", "replay") else LogprobBaseline.name

    @property
    def table_path(self) -> Path:
        return self.table or data_path("table.json")

    @property
    def predictor_path(self) -> Path:
        return self.predictor or data_path("difficulty/manifest.json").parent


def build(settings: Settings, *, progress: Progress | None = None) -> Router:
    """A Router, not yet started; fetches the weights of the policy model where they are not there.

    Raises WeightsError, TableError, InputError, or ModelFileError of the difficulty package.
    """
    _check(settings)
    table, predictor = load_table(settings.table_path), load(settings.predictor_path)
    # Before any weights are fetched; but the shipped PRM is that of the policy model, which the engine names.
    named = None if settings.scores == EmbeddedPrm.name else _scorer(settings)
    engine, limits = _engine(settings, progress)
    scorer = named or EmbeddedPrm(shipped(engine.model.name))
    return Router(engine, scorer, predictor, table, limits=limits, price=settings.price, seed=settings.seed)


def chooser(settings: Settings) -> Chooser:
    """What decides, without engine or weights: the policy model's name and size are enough. Raises as
    `build` does."""
    _check(settings)
    table, predictor = load_table(settings.table_path), load(settings.predictor_path)
    prm, prm_params = _prm(settings)

    def choosing(model: PolicyModel) -> Chooser:
        return Chooser(predictor, table, model, prm, price=settings.price, prm_params=prm_params)

    if settings.engine == "scripted":
        model = ScriptedEngine().model
        return choosing(PolicyModel(model.name, model.params))
    if settings.engine == "sglang":
        from compute_router.engines.sglang import sized

        if settings.policy_model is not None and not settings.engine_urls:
            return choosing(PolicyModel(*sized(settings.policy_model)))
        name, params, _ = _served(settings)
        return choosing(PolicyModel(name, params))
    if settings.engine == "replay":
        model = _recording(settings).model
        return choosing(PolicyModel(model.name, model.params))
    return choosing(PolicyModel(*size_of(settings.policy_model or default_policy_model())))


def _check(settings: Settings) -> None:
    if settings.engine_urls and settings.engine != "sglang":
        raise InputError(f"--engine-url is for --engine sglang, not --engine {settings.engine}")
    if settings.recordings and settings.engine != "replay":
        raise InputError(f"--recording is for --engine replay, not --engine {settings.engine}")
    if settings.prm_urls and settings.scores in SCORERS:
        raise InputError("--prm-url is the address of a PRM: say which one with --prm")


def _engine(settings: Settings, progress: Progress | None) -> tuple[Engine, Limits]:
    if settings.engine == "sglang":
        from compute_router.engines.sglang import Fleet, Inside, SGLangEngine, sized

        if settings.policy_model is not None and not settings.engine_urls:
            inside = Inside(settings.policy_model)
            name, params = sized(settings.policy_model, inside.served)
            return SGLangEngine(inside, inside.served, name=name, params=params), Limits()
        name, params, served = _served(settings)
        engines = [SGLangEngine(url, found, name=name, params=params) for url, found in served.items()]
        return engines[0] if len(engines) == 1 else Fleet(engines), Limits()
    if settings.engine == "scripted":
        if settings.policy_model is not None:
            raise InputError("the scripted engine has no policy model to choose: leave out --policy-model")
        return ScriptedEngine(delay_s=SCRIPTED_DELAY_S), Limits()
    if settings.engine == "replay":
        recording = _recording(settings)
        if settings.seed != recording.seed:
            raise InputError(f"the recording was made with --seed {recording.seed}, not {settings.seed}")
        return ReplayEngine(recording), recording.limits
    preset = load_embedded()
    weights = resolve(settings.policy_model or default_policy_model(), progress=progress)
    if settings.engine == "torch":
        from compute_router.engines.torch import TorchEngine

        return TorchEngine(weights, context=preset.context), preset.limits(weights.name)
    from compute_router.engines.embedded import EmbeddedEngine

    engine = EmbeddedEngine(weights, slots=preset.slots, context=preset.context)
    return engine, preset.limits(weights.name)


def _recording(settings: Settings) -> Recording:
    if not settings.recordings:
        raise InputError("--engine replay needs --recording DIR, a run or sweep with samples to replay")
    if settings.policy_model is not None:
        raise InputError("a recording has its own policy model: leave out --policy-model")
    return read_recording(settings.recordings)


def _scorer(settings: Settings) -> Scorer:
    if settings.scores in SCORERS:
        return make_scorer(settings.scores)
    if settings.prm_urls:
        from compute_router.scoring.sglang import SGLangScorer

        return SGLangScorer(find_prm(settings.scores), settings.prm_urls)
    if (trained := _trained(settings)) is not None:
        return trained
    from compute_router.scoring.local import LocalScorer

    return LocalScorer(settings.scores)


def _prm(settings: Settings) -> tuple[str, int]:
    """The name and the size of the PRM."""
    scorer = make_scorer(settings.scores) if settings.scores in SCORERS else _trained(settings)
    found = scorer or find_prm(settings.scores)
    return found.name, found.params


def _trained(settings: Settings) -> EmbeddedPrm | None:
    """The embedded PRM of a directory that `compute-router train-prm` wrote."""
    folder = Path(settings.scores)
    return EmbeddedPrm(folder) if (folder / FILE).is_file() else None


def _served(settings: Settings) -> tuple[str, int, dict[str, Served]]:
    """The policy model's name and size, and what each of its servers says of itself."""
    from compute_router.engines.sglang import identify, sized

    if not settings.engine_urls:
        raise InputError(
            "--engine sglang needs --engine-url http://host:port, once for each server, or a --policy-model "
            "(folder or hub id) to load in this program"
        )
    served = {url: identify(url) for url in settings.engine_urls}
    name, params = sized(settings.policy_model, next(iter(served.values())))
    return name, params, served


def run_config(
    router: Router,
    settings: Settings,
    problems: Sequence[Problem],
    *,
    strategy: str,
    budget: int | None,
    average_budget: float | None = None,
    deadline_s: float | None = None,
) -> dict[str, Any]:
    """What a run's results depend on. A run continues only under an equal configuration."""
    rows = [[problem.id, problem.text, problem.gold, problem.error] for problem in problems]
    manifest, probe = (settings.predictor_path / name for name in ("manifest.json", PROBE))
    config = {
        "schema_version": 1,
        "input": {"problems": len(problems), "sha256": sha256(orjson.dumps(rows)).hexdigest()},
        "strategy": strategy,
        "budget": budget,
        "average_budget": average_budget,
        "price": None if settings.price is None else asdict(settings.price),
        "deadline_s": deadline_s,
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
        "table_sha256": sha256(settings.table_path.read_bytes()).hexdigest() if strategy == "auto" else None,
        "predictor_sha256": sha256(manifest.read_bytes()).hexdigest(),
        "probe_sha256": sha256(probe.read_bytes()).hexdigest() if probe.exists() else None,
    }
    if isinstance(router.engine, ReplayEngine):
        config["recording_sha256"] = router.engine.recording
    return config
