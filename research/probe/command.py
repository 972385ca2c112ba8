"""Fit the probe and write it, or report on problems held out from it."""

from __future__ import annotations

import argparse
from pathlib import Path

from compute_router.difficulty import probe_file
from compute_router.difficulty.manifest import DataFile, Provenance, sha256
from research.difficulty.annotations import annotated_predictor, blind_notes
from research.probe.fit_probe import fit
from research.probe.priors import priors
from research.probe.probe_report import arms, report
from research.probe.sample_sources import FILES, public, users
from research.probe.trial import seen, trials


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m research probe", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with problems/ and sweeps/")
    parser.add_argument("--sweeps", type=Path, nargs="*", default=[], help="record files of our own")
    parser.add_argument("--out", type=Path, help="directory of the predictor, to write probe.json to")
    parser.add_argument("--seed", type=int, default=0, help="decides the folds")
    parser.add_argument("--report", action="store_true", help="print held-out figures")
    options = parser.parse_args(arguments)

    sweeps = public(options.data) | users(options.sweeps, options.data)
    given = priors(sweeps, annotated_predictor(blind_notes(options.data)), seed=options.seed)
    if options.report:
        for line in report(trials(sweeps, given)):
            print(line, flush=True)
    fitted = fit([one for name, some in sweeps.items() for one in seen(some, given[name])])
    if options.report:
        for line in arms(sweeps, given, fitted):
            print(line)
    print(fitted)
    if options.out:
        problems = sum(len(one.paths_N) > 1 for some in sweeps.values() for one in some)
        print(f"wrote {probe_file.write(options.out, fitted, problems, _provenance(options))}")


def _provenance(options: argparse.Namespace) -> Provenance:
    files = [(name, options.data / name) for name in FILES] + [(one.name, one) for one in options.sweeps]
    own = " --sweeps " + " ".join(path.name for path in options.sweeps) if options.sweeps else ""
    return Provenance(
        command=f"python -m research probe --data DATA{own} --out OUT --seed {options.seed}",
        seed=options.seed,
        data=[_data_file(name, path) for name, path in files],
    )


def _data_file(name: str, path: Path) -> DataFile:
    data = path.read_bytes()
    return DataFile(name=name, sha256=sha256(data), rows=data.count(b"\n"))


if __name__ == "__main__":
    main()
