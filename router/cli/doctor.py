"""`compute-router doctor`."""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from importlib import metadata
from typing import Literal

import orjson
from rich.console import Console
from rich.text import Text

from compute_router.cli.exits import BAD_INPUT, DONE
from compute_router.decide.table import load_table
from compute_router.difficulty import ModelFileError
from compute_router.difficulty import load as load_predictor
from compute_router.errors import RouterError
from compute_router.factory import Settings
from compute_router.io.display import plain
from compute_router.weights import default_policy_model, inspect

__all__ = ["doctor"]

State = Literal["ok", "missing", "broken", "optional"]
_STYLES: dict[State, str] = {"ok": "green", "missing": "yellow", "broken": "red", "optional": "dim"}

_CORE = ("xllamacpp", "math-verify", "scikit-learn", "skops")
_EXTRAS = {
    "sglang": ("sglang", "transformers"),
    "torch": ("torch", "accelerate", "gguf"),
    "report": ("matplotlib",),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report. A broken finding makes the exit code 2; a missing one says how to get it."""

    what: str
    state: State
    detail: str


def doctor(settings: Settings, *, as_json: bool) -> int:
    """Print the findings and return the exit code."""
    findings = [
        Finding("python", "ok", f"{platform.python_version()} at {sys.executable}"),
        *(_package(name, "broken", "install compute-router again") for name in _CORE),
        *_engine(settings),
        *(_checked("prm server", partial(_server, url)) for url in settings.prm_urls),
        _checked("predictor", lambda: _predictor(settings)),
        _checked("table", lambda: _table(settings)),
        *(
            _package(name, "optional", f"pip install 'compute-router[{extra}]'")
            for extra, names in _EXTRAS.items()
            for name in names
        ),
    ]
    if as_json:
        document = {"findings": [asdict(finding) for finding in findings]}
        sys.stdout.write(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode() + "\n")
    else:
        console = Console(highlight=False, emoji=False, soft_wrap=True)
        for finding in findings:
            console.print(
                Text.assemble(
                    f"{finding.what:<14} ",
                    (f"{finding.state:<9}", _STYLES[finding.state]),
                    plain(finding.detail),
                )
            )
    return BAD_INPUT if any(finding.state == "broken" for finding in findings) else DONE


def _package(name: str, absent: State, way_out: str) -> Finding:
    try:
        return Finding(name, "ok", metadata.version(name))
    except metadata.PackageNotFoundError:
        return Finding(name, absent, f"not installed: {way_out}")


def _engine(settings: Settings) -> list[Finding]:
    if not settings.engine_urls:
        return [Finding("engine", "ok", "embedded (llama.cpp on the CPU)"), _weights(settings)]
    return [
        _checked("engine", partial(_server, url, asked=settings.policy_model)) for url in settings.engine_urls
    ]


def _server(url: str, asked: str | None = None) -> str:
    from compute_router.engines.sglang import identify

    served = identify(url)
    if asked is not None:
        served.check(asked)
    kind = "writes" if served.generates else "embeds or scores"
    return f"SGLang {served.version} at {url} {kind}: {served.name}, context {served.context}"


def _weights(settings: Settings) -> Finding:
    try:
        found = inspect(settings.policy_model or default_policy_model(), verify=True)
    except RouterError as error:
        return Finding("weights", "broken", str(error))
    if found.weights is None:
        return Finding("weights", "missing", f"{found.name}: {found.detail}; the first solve fetches it")
    return Finding("weights", "ok", f"{found.name}, {found.detail}, sha256 verified")


def _checked(what: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(what, "ok", look())
    except (RouterError, ModelFileError) as error:
        return Finding(what, "broken", str(error))


def _predictor(settings: Settings) -> str:
    load_predictor(settings.predictor_path)
    return str(settings.predictor_path)


def _table(settings: Settings) -> str:
    table = load_table(settings.table_path)
    return f"{settings.table_path}, rows: {', '.join(row.id for row in table.rows)}"
