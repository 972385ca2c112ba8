"""From run directories to the embedded PRM's files, and the report beside them."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

import orjson

from compute_router.difficulty.manifest import DataFile, Provenance
from compute_router.difficulty.whole_file import write_whole
from compute_router.engines.replay.recording import results_of
from compute_router.errors import InputError
from compute_router.scoring.embedded_file import Manifest, write
from compute_router.training.prm.examples import read_solved
from compute_router.training.prm.fit_weights import fit
from compute_router.training.prm.prm_report import Report, report

__all__ = ["REPORT", "Trained", "train"]

REPORT = "report.json"
_LIBRARIES = ("compute-router", "numpy", "scipy")


@dataclass(frozen=True, slots=True)
class Trained:
    manifest: Manifest
    report: Report | None


def train(runs: Sequence[Path], out: Path, *, seed: int = 0, with_report: bool = False) -> Trained:
    """Fit the PRM to all problems of `runs` and write it to `out`; judge it by cross-fitting where asked.

    The order of `runs` changes nothing but the order in which the manifest names them. Raises InputError: see
    `read_solved`; `out` cannot be written.
    """
    data = [_data(run, file) for run in runs for file in results_of(run)]
    problems = read_solved(runs)
    weights = fit(problems, seed)
    judged = report(problems, seed) if with_report else None
    names = [run.name for run in runs]
    command = ["compute-router", "train-prm", *names, "--out", out.name, "--seed", str(seed)]
    try:
        manifest = write(
            out,
            weights,
            Provenance(command=shlex.join(command), seed=seed, data=data),
            problems=len(problems),
            paths=sum(len(problem.paths_N) for problem in problems),
            policy_models=sorted({problem.policy_model for problem in problems}),
            libraries={name: version(name) for name in _LIBRARIES},
        )
        if judged is not None:
            written = orjson.dumps(asdict(judged), option=orjson.OPT_INDENT_2) + b"\n"
            write_whole(out / REPORT, [written])
    except OSError as error:
        raise InputError(f"{out} cannot be written: {error.strerror}") from error
    return Trained(manifest, judged)


def _data(run: Path, file: Path) -> DataFile:
    content = file.read_bytes()
    name = f"{run.name}/{file.relative_to(run)}"
    return DataFile(name=name, sha256=hashlib.sha256(content).hexdigest(), rows=content.count(b"\n"))
