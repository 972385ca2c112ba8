"""Fits the difficulty predictor and writes it, or reports on problems held out from it.

    python -m research difficulty --data DIR [--rollouts FILE] [--without WORKLOAD] [--out DIR] [--report]

`--rollouts` and `--without` are given again for each further value (docs/difficulty.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from pathlib import Path

from compute_router.difficulty import manifest, store
from compute_router.errors import InputError
from compute_router.training.difficulty.corpus import Corpus, Graded, corpus, identity
from compute_router.training.difficulty.sizes import BILLIONS, PUBLISHED
from research.difficulty import log_sources
from research.difficulty.annotations import annotated_predictor, blind_notes
from research.difficulty.encoder import Encoder
from research.difficulty.fit_predictor import fit
from research.difficulty.predictor_report import report
from research.difficulty.rollouts import read_rollouts
from research.workloads.workload import workload

__all__ = ["fit_difficulty", "read"]


def fit_difficulty(
    data: Path,
    *,
    rollouts: Sequence[Path] = (),
    without: Sequence[str] = (),
    annotations_only: bool = False,
    out: Path | None = None,
    seed: int = 0,
    with_report: bool = False,
    encoder: Encoder | None = None,
) -> None:
    """Fits the predictor, and writes it where `out` says so.

    Args:
        data: folder with problems/ and sweeps/.
        rollouts: JSONL files of our own graded answers.
        without: workloads whose problems are left out, to be judged on them.
        annotations_only: whether to fit on levels and solution steps, and on no outcome.
        out: directory of the predictor.
        seed: decides the folds.
        with_report: whether to print figures on problems held out.
        encoder: with the report, levels are also judged with this sentence encoder.

    Raises:
        InputError: options that exclude each other, an unknown workload or a broken row of rollouts.
        OSError: a file is missing.
    """
    if annotations_only:
        if with_report or rollouts or without:
            raise InputError(
                "--annotations-only knows of no outcomes: leave out --report, --rollouts and --without"
            )
        predictor = annotated_predictor(blind_notes(data))
    else:
        problems = read(data, rollouts, without)
        fitted = fit(problems, seed, PUBLISHED)
        predictor = fitted.predictor
        if with_report:
            for line in report(problems, fitted.held_out, seed, encoder):
                print(line, flush=True)
            law = predictor.abilities.law
            print(f"Scale: {fitted.scale}")
            print(
                f"Law: {law.slope:.2f} logits a tenfold size, sd {law.sd:.2f}, in family {law.family_sd:.2f}"
            )
    if out:
        options = " --annotations-only" if annotations_only else ""
        options += "".join(f" --rollouts {path.name}" for path in rollouts)
        options += "".join(f" --without {name}" for name in without)
        files = log_sources.ANNOTATION_FILES if annotations_only else log_sources.FILES
        named = [*((name, data / name) for name in files), *((path.name, path) for path in rollouts)]
        provenance = manifest.Provenance(
            command=f"python -m research difficulty --data DATA{options} --out OUT --seed {seed}",
            seed=seed,
            data=[_data_file(name, path) for name, path in named],
        )
        written = store.save(predictor, out, provenance)
        print(f"wrote {out / written.file}: {written.bytes} bytes, sha256 {written.sha256}")


def read(data: Path, rollouts: Sequence[Path], without: Sequence[str]) -> Corpus:
    """The logs in `data` and our own rollouts as one corpus, without answers and annotations of the problems
    of the workloads `without`. Raises what `fit_difficulty` raises."""
    out = {identity(row["problem"]) for name in without for row in workload(name, data)}
    own = [row for path in rollouts for row in read_rollouts(path)]
    params = {name: round(billions * 1e9) for name, billions in BILLIONS.items()}
    params |= {row.policy_model: row.params for row in own}
    answers = (Graded(r.problem, r.policy_model, r.n, r.n_correct, "rollouts") for r in own)
    told = (row for row in chain(log_sources.graded(data), answers) if identity(row.problem) not in out)
    noted = (row for row in log_sources.annotated(data) if identity(row.problem) not in out)
    return corpus(told, noted, params)


def _data_file(name: str, path: Path) -> manifest.DataFile:
    data = path.read_bytes()
    return manifest.DataFile(name=name, sha256=manifest.sha256(data), rows=data.count(b"\n"))
