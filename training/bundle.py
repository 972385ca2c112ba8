"""From sweeps to what `solve` reads: predictor, table, and a manifest of how they came to be.

OUT/predictor.skops, manifest.json    the difficulty predictor, refitted
OUT/table.json                        the strategy table
OUT/train.json                        inputs and problems by hash, command, seed, versions
"""

from __future__ import annotations

import platform
import tempfile
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path

from compute_router.decide.table import dump_table
from compute_router.difficulty import load, store
from compute_router.difficulty.manifest import MANIFEST, DataFile, Format, Provenance
from compute_router.difficulty.whole_file import sha256_of
from compute_router.errors import InputError
from compute_router.io.data_files import data_path
from compute_router.training.evaluation.blind import UNSEEING, Blind
from compute_router.training.evaluation.folds import FOLDS, identities
from compute_router.training.evaluation.seen import TRAINING, InputFile, Trained, problem_keys, read_trained
from compute_router.training.outcomes.build_matrix import build_matrices
from compute_router.training.outcomes.outcome_matrix import OutcomeMatrix
from compute_router.training.sweep.sweep_file import Sweep, read_sweep, sweep_file
from compute_router.training.tables import fit_table

__all__ = ["Progress", "train"]

Progress = Callable[[str, int, int], None]
"""(what is being done, steps done, steps in all)"""

TABLE = "table.json"

_LIBRARIES = ("compute-router", "numpy", "scipy", "scikit-learn", "skops")
_STEPS = FOLDS + 4


def train(
    sweeps: Sequence[Path],
    out: Path,
    *,
    base: Path,
    seed: int = 0,
    form: Format = "skops",
    trust: bool = False,
    progress: Progress = lambda step, done, total: None,
) -> Trained:
    """Learn from record files (or directories with a sweep.jsonl) and write the directory `out`, whole or
    not at all; an earlier bundle there is replaced.

    The table is fitted on difficulties that were predicted without the answers of the problem in question:
    cross-fitted by problem, and from a predictor that has seen no outcome at all, since `base` may have seen
    these. The predictor that is written starts from `base` and has seen all answers. Raises InputError where
    the sweeps hold nothing to learn from or `out` holds something else; RecordError; ModelFileError.
    """
    _check_free(out)
    progress("reading", 0, _STEPS)
    inputs, read = _read(sweeps)
    found = [matrix for matrix in build_matrices(read) if matrix.problems_P and matrix.arms_A]
    del read
    if not found:
        raise InputError(f"{', '.join(map(str, sweeps))}: no graded rows to learn from")
    start, unseeing = load(base, trust=trust), load(data_path(UNSEEING).parent)
    blind = Blind(found, lambda out: unseeing if out else start, count=FOLDS, seed=seed)
    for fold in range(FOLDS):
        progress(f"difficulty without fold {fold + 1} of {FOLDS}", fold + 1, _STEPS)
        blind.predictor(frozenset({fold}))
    bins = [blind.bins(at, range(FOLDS)) for at in range(len(found))]
    progress("difficulty of all", FOLDS + 1, _STEPS)
    predictor = blind.predictor(frozenset())
    progress("table", FOLDS + 2, _STEPS)
    command = _command(sweeps, out, seed, form)
    table = fit_table(found, bins, seed=seed, source=command)
    progress("writing", FOLDS + 3, _STEPS)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as temporary:
        new = Path(temporary) / "new"
        data = [DataFile(name=one.name, sha256=one.sha256, rows=one.rows) for one in inputs]
        store.save(predictor, new, Provenance(command=command, seed=seed, data=data), form=form)
        (new / TABLE).write_text(dump_table(table), "utf-8")
        trained = Trained(
            command=command,
            seed=seed,
            inputs=tuple(inputs),
            base=sha256_of(base / MANIFEST),
            versions={"python": platform.python_version()} | {name: version(name) for name in _LIBRARIES},
            files={one.name: sha256_of(one) for one in sorted(new.iterdir())},
            matrices=tuple(map(_summary, found)),
            problems=problem_keys(name for matrix in found for name in identities(matrix)),
        )
        (new / TRAINING).write_text(trained.model_dump_json(indent=2) + "\n", "utf-8")
        _swap(new, out, Path(temporary) / "old")
    progress("done", _STEPS, _STEPS)
    return trained


def _swap(new: Path, out: Path, old: Path) -> None:
    """`new` to where `out` is; where that fails, `out` stands as it was."""
    if not out.exists():
        new.replace(out)
        return
    out.replace(old)
    try:
        new.replace(out)
    except BaseException:
        old.replace(out)
        raise


def _check_free(out: Path) -> None:
    """Nothing but an earlier bundle is ever replaced."""
    if not out.exists():
        return
    if not out.is_dir():
        raise InputError(f"{out} is a file: --out wants a directory")
    found = {entry.name for entry in out.iterdir()}
    ours = {TRAINING, *read_trained(out).files} if TRAINING in found else set()
    if strangers := sorted(found - ours):
        raise InputError(
            f"{out} holds {strangers[0]}, which is no part of a trained bundle: give another --out"
        )


def _read(sweeps: Sequence[Path]) -> tuple[list[InputFile], list[Sweep]]:
    read = [read_sweep(path) for path in sweeps]
    inputs = [
        InputFile(name=path.name, sha256=sha256_of(sweep_file(path)), rows=len(sweep.records))
        for path, sweep in zip(sweeps, read, strict=True)
    ]
    return inputs, read


def _summary(matrix: OutcomeMatrix) -> dict[str, str | int | None]:
    return {
        "policy_model": matrix.policy_model,
        "params": matrix.params,
        "prm": matrix.prm,
        "prm_params": matrix.prm_params,
        "problems": len(matrix.problems_P),
        "arms": len(matrix.arms_A),
    }


def _command(sweeps: Sequence[Path], out: Path, seed: int, form: Format) -> str:
    """What to type, with names instead of the paths of one machine."""
    names = " ".join(path.name for path in sweeps)
    return f"compute-router train {names} --out {out.name} --seed {seed} --format {form}"
