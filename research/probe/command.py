"""Fits the probe and writes it, or reports on problems held out from it.

    python -m research probe --data DIR [--sweeps FILE] [--out DIR] [--report]

`--sweeps` is given again for each further file (docs/probe.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from compute_router.difficulty import probe_file
from compute_router.difficulty.manifest import DataFile, Provenance, sha256
from research.difficulty.annotations import annotated_predictor, blind_notes
from research.probe.fit_probe import fit
from research.probe.priors import priors
from research.probe.probe_report import arms, report
from research.probe.sample_sources import FILES, public, users
from research.probe.trial import seen, trials

__all__ = ["fit_probe"]


def fit_probe(
    data: Path,
    *,
    sweeps: Sequence[Path] = (),
    out: Path | None = None,
    seed: int = 0,
    with_report: bool = False,
) -> None:
    """Fits the probe, prints it, and writes it where `out` says so.

    Args:
        data: folder with problems/ and sweeps/.
        sweeps: record files of our own.
        out: directory of the predictor, which gets probe.json.
        seed: decides the folds.
        with_report: whether to print figures on problems held out.

    Raises:
        RecordError: a sweep cannot be read.
        OSError: a file of `data` is missing.
    """
    found = public(data) | users(sweeps, data)
    given = priors(found, annotated_predictor(blind_notes(data)), seed=seed)
    if with_report:
        for line in report(trials(found, given)):
            print(line, flush=True)
    fitted = fit([one for name, some in found.items() for one in seen(some, given[name])])
    if with_report:
        for line in arms(found, given, fitted):
            print(line)
    print(fitted)
    if out:
        problems = sum(len(one.paths_N) > 1 for some in found.values() for one in some)
        print(f"wrote {probe_file.write(out, fitted, problems, _provenance(data, sweeps, seed))}")


def _provenance(data: Path, sweeps: Sequence[Path], seed: int) -> Provenance:
    files = [(name, data / name) for name in FILES] + [(one.name, one) for one in sweeps]
    own = "".join(f" --sweeps {path.name}" for path in sweeps)
    return Provenance(
        command=f"python -m research probe --data DATA{own} --out OUT --seed {seed}",
        seed=seed,
        data=[_data_file(name, path) for name, path in files],
    )


def _data_file(name: str, path: Path) -> DataFile:
    data = path.read_bytes()
    return DataFile(name=name, sha256=sha256(data), rows=data.count(b"\n"))
