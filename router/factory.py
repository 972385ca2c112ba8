"""From what a person asks for to a Router: which engine, weights, PRM, predictor and table."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from compute_router.decide.chooser import Chooser
from compute_router.decide.price import Price
from compute_router.decide.table import load_table
from compute_router.difficulty import PolicyModel, load
from compute_router.engines import Engine, ScriptedEngine
from compute_router.engines.presets import load_embedded
from compute_router.engines.replay import Recording, ReplayEngine, read_recording
from compute_router.errors import InputError
from compute_router.io.data_files import data_path
from compute_router.pipeline import Router
from compute_router.policies import Limits
from compute_router.scoring import SCORERS, EmbeddedPrm, LogprobBaseline, Scorer, make_scorer
from compute_router.scoring.embedded_file import FILE, shipped
from compute_router.scoring.known_prms import Prm, find_prm
from compute_router.weights import Progress, default_policy_model, resolve, size_of

if TYPE_CHECKING:
    from compute_router.engines.sglang import Served

__all__ = ["EngineName", "Settings", "build", "chooser"]

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
    scorer = _scorer(settings)  # before any weights are fetched
    engine, limits = _engine(settings, progress)
    if settings.scores == EmbeddedPrm.name:  # the shipped PRM is that of the policy model
        scorer = EmbeddedPrm(shipped(engine.model.name))
    return Router(engine, scorer, predictor, table, limits=limits, price=settings.price, seed=settings.seed)


def chooser(settings: Settings) -> Chooser:
    """What decides, without engine or weights: the policy model's name and size are enough. Raises as
    `build` does."""
    _check(settings)
    table, predictor = load_table(settings.table_path), load(settings.predictor_path)
    prm, model = _prm(settings), PolicyModel(*_policy_model(settings))
    return Chooser(predictor, table, model, prm.name, price=settings.price, prm_params=prm.params)


def _check(settings: Settings) -> None:
    if settings.engine_urls and settings.engine != "sglang":
        raise InputError(f"--engine-url is for --engine sglang, not --engine {settings.engine}")
    if settings.recordings and settings.engine != "replay":
        raise InputError(f"--recording is for --engine replay, not --engine {settings.engine}")
    if settings.prm_urls and settings.scores in SCORERS:
        raise InputError("--prm-url is the address of a PRM: say which one with --prm")


def _policy_model(settings: Settings) -> tuple[str, int]:
    """The name and the size of the policy model; nothing is fetched or started."""
    if settings.engine == "sglang":
        from compute_router.engines.sglang import sized

        if settings.policy_model is not None and not settings.engine_urls:
            return sized(settings.policy_model)
        return _served(settings)[:2]
    if settings.engine in ("scripted", "replay"):
        model = (_recording(settings) if settings.engine == "replay" else ScriptedEngine()).model
        return model.name, model.params
    return size_of(settings.policy_model or default_policy_model())


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


def _prm(settings: Settings) -> Scorer | Prm:
    """What scores: the scorer itself where it needs no model, else the PRM to run."""
    if settings.scores in SCORERS:
        return make_scorer(settings.scores)
    folder = Path(settings.scores)
    if not settings.prm_urls and (folder / FILE).is_file():  # `compute-router train-prm` wrote it
        return EmbeddedPrm(folder)
    return find_prm(settings.scores)


def _scorer(settings: Settings) -> Scorer:
    prm = _prm(settings)
    if not isinstance(prm, Prm):
        return prm
    if settings.prm_urls:
        from compute_router.scoring.sglang import SGLangScorer

        return SGLangScorer(prm, settings.prm_urls)
    from compute_router.scoring.local import LocalScorer

    return LocalScorer(settings.scores)


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
