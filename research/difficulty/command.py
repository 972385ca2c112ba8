"""Fit the difficulty predictor and write it, or report on problems held out from it."""

from __future__ import annotations

import argparse
from itertools import chain
from pathlib import Path

from compute_router.difficulty import Predictor, manifest, store
from compute_router.training.difficulty.corpus import Corpus, Graded, corpus, identity
from compute_router.training.difficulty.sizes import BILLIONS, PUBLISHED
from research.difficulty import log_sources
from research.difficulty.annotations import annotated_predictor, blind_notes
from research.difficulty.encoder import find
from research.difficulty.fit_predictor import fit
from research.difficulty.predictor_report import report
from research.difficulty.rollouts import read_rollouts
from research.workloads.workload import WORKLOADS, workload


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m research difficulty", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with problems/ and sweeps/")
    parser.add_argument("--rollouts", type=Path, nargs="*", default=[], help="JSONL of our own answers")
    parser.add_argument(
        "--without",
        nargs="*",
        default=[],
        choices=WORKLOADS,
        metavar="WORKLOAD",
        help="leave these workloads' problems out, to be judged on them",
    )
    parser.add_argument(
        "--annotations-only", action="store_true", help="fit on levels and solution steps, on no outcome"
    )
    parser.add_argument("--out", type=Path, help="directory to write the predictor to")
    parser.add_argument("--seed", type=int, default=0, help="decides the folds")
    parser.add_argument("--report", action="store_true", help="print held-out figures")
    parser.add_argument(
        "--encoder",
        nargs="?",
        const="",
        metavar="DIR",
        help="with --report: levels also with the installed sentence encoder, or with one of your own",
    )
    options = parser.parse_args(arguments)
    try:
        encoder = (
            None if options.encoder is None else find(Path(options.encoder) if options.encoder else None)
        )
    except FileNotFoundError as error:
        parser.error(str(error))

    if options.annotations_only:
        if options.report or options.rollouts or options.without:
            parser.error(
                "--annotations-only knows of no outcomes: leave out --report, --rollouts and --without"
            )
        _write(annotated_predictor(blind_notes(options.data)), options)
        return
    problems = read(options.data, options.rollouts, options.without)
    fitted = fit(problems, options.seed, PUBLISHED)
    if options.report:
        for line in report(problems, fitted.held_out, options.seed, encoder):
            print(line, flush=True)
        law = fitted.predictor.abilities.law
        print(f"Scale: {fitted.scale}")
        print(f"Law: {law.slope:.2f} logits a tenfold size, sd {law.sd:.2f}, in family {law.family_sd:.2f}")
    _write(fitted.predictor, options)


def _write(predictor: Predictor, options: argparse.Namespace) -> None:
    if options.out:
        written = store.save(predictor, options.out, _provenance(options))
        print(f"wrote {options.out / written.file}: {written.bytes} bytes, sha256 {written.sha256}")


def read(data: Path, rollouts: list[Path], without: list[str]) -> Corpus:
    """The logs in `data` and our own rollouts as one corpus; neither answers nor annotations of the problems
    of the workloads `without`."""
    out = {identity(row["problem"]) for name in without for row in workload(name, data)}
    own = [row for path in rollouts for row in read_rollouts(path)]
    params = {name: round(billions * 1e9) for name, billions in BILLIONS.items()}
    params |= {row.policy_model: row.params for row in own}
    answers = (Graded(r.problem, r.policy_model, r.n, r.n_correct, "rollouts") for r in own)
    told = (row for row in chain(log_sources.graded(data), answers) if identity(row.problem) not in out)
    noted = (row for row in log_sources.annotated(data) if identity(row.problem) not in out)
    return corpus(told, noted, params)


def _provenance(options: argparse.Namespace) -> manifest.Provenance:
    read = log_sources.ANNOTATION_FILES if options.annotations_only else log_sources.FILES
    files = [(name, options.data / name) for name in read]
    files += [(path.name, path) for path in options.rollouts]
    only = " --annotations-only" if options.annotations_only else ""
    own = " --rollouts " + " ".join(p.name for p in options.rollouts) if options.rollouts else ""
    out = " --without " + " ".join(options.without) if options.without else ""
    return manifest.Provenance(
        command=f"python -m research difficulty --data DATA{only}{own}{out} --out OUT --seed {options.seed}",
        seed=options.seed,
        data=[_data_file(name, path) for name, path in files],
    )


def _data_file(name: str, path: Path) -> manifest.DataFile:
    data = path.read_bytes()
    return manifest.DataFile(name=name, sha256=manifest.sha256(data), rows=data.count(b"\n"))


if __name__ == "__main__":
    main()
