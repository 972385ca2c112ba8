"""`python -m training.evaluation`: routing judged on every public sweep."""

from __future__ import annotations

import argparse
from pathlib import Path

from difficulty import load
from router.data import data_path
from router.price import Price
from training.evaluation import public
from training.evaluation.blind import UNSEEING
from training.evaluation.judge import PRICES
from training.public import public_sweeps


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m training.evaluation", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with problems/ and sweeps/")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0], help="each decides one split into folds")
    options = parser.parse_args(arguments)
    base = load(data_path(UNSEEING).parent)
    rows: list[public.Line] = []
    notes: list[str] = []
    for name, by_seed in public.compare(
        public_sweeps(options.data), base, [Price(value) for value in PRICES], options.seeds
    ):
        rows += public.lines(name, by_seed)
        notes += [
            f"{name}: not judged at {', '.join(f'{price.value:g}' for price in section.skipped)}, "
            "its costs were not counted"
            for section in by_seed[0]
            if section.skipped
        ]
    for line in (*public.markdown(rows), "", *notes):
        print(line)


if __name__ == "__main__":
    main()
