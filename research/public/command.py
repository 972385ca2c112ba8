"""`python -m research public-sweeps`: routing judged on every public sweep."""

from __future__ import annotations

import argparse
from pathlib import Path

from compute_router.decide.price import Price
from compute_router.difficulty import load
from compute_router.io.data_files import data_path
from compute_router.training.evaluation.blind import UNSEEING
from compute_router.training.evaluation.judge import PRICES
from research.public import routed
from research.public.records import public_sweeps


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m research public-sweeps", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with problems/ and sweeps/")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0], help="each decides one split into folds")
    options = parser.parse_args(arguments)
    base = load(data_path(UNSEEING).parent)
    rows: list[routed.Line] = []
    notes: list[str] = []
    for name, by_seed in routed.compare(
        public_sweeps(options.data), base, [Price(value) for value in PRICES], options.seeds
    ):
        rows += routed.lines(name, by_seed)
        notes += [
            f"{name}: not judged at {', '.join(f'{price.value:g}' for price in section.skipped)}, "
            "its costs were not counted"
            for section in by_seed[0]
            if section.skipped
        ]
    for line in (*routed.markdown(rows), "", *notes):
        print(line)


if __name__ == "__main__":
    main()
