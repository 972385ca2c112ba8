"""Sums and differences of chosen length and size, whose difficulty for a small model is easy to dial.

    python -m research arithmetic --terms 2-8 --digits 1-3 --count 120 --seed 0 > FILE

writes JSONL. A problem depends on its terms, digits and seed alone. The seeds of one command are
`SEEDS * S` and on, for `--seed S`; the arithmetic of configs/problems/demo.jsonl is from `--seed 7`.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import sys
from collections.abc import Iterator

SEEDS = 1_000_000


def arithmetic_problem(terms: int, digits: int, seed: int) -> dict[str, str]:
    """A row with the sum or difference of `terms` numbers of exactly `digits` digits."""
    if terms < 2 or digits < 1:
        raise ValueError("A sum needs at least two terms of at least one digit.")
    rng = random.Random(f"{terms}x{digits}-{seed}")
    numbers = [rng.randrange(10 ** (digits - 1), 10**digits) for _ in range(terms)]
    signs = [1, *rng.choices((1, -1), k=terms - 1)]
    tail = "".join(f" {'+' if sign > 0 else '-'} {n}" for sign, n in zip(signs[1:], numbers[1:], strict=True))
    return {
        "id": f"sum-{terms}x{digits}-{seed}",
        "problem": f"Compute {numbers[0]}{tail}.",
        "answer": str(sum(sign * n for sign, n in zip(signs, numbers, strict=True))),
        "kind": "sum",
    }


def interval(text: str) -> range:
    """The whole numbers of "2-8", both ends included, or of "3"."""
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


def arithmetic_problems(terms: range, digits: range, count: int, seed: int) -> Iterator[dict[str, str]]:
    """`count` problems that go through every shape in turn; the seeds start at `SEEDS * seed`."""
    shapes = itertools.cycle(itertools.product(terms, digits))
    for index, (n_terms, n_digits) in enumerate(itertools.islice(shapes, count)):
        yield arithmetic_problem(n_terms, n_digits, SEEDS * seed + index)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--terms", type=interval, default=interval("2-8"))
    parser.add_argument("--digits", type=interval, default=interval("1-3"))
    parser.add_argument("--count", type=int, default=120)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    for row in arithmetic_problems(options.terms, options.digits, options.count, options.seed):
        print(json.dumps(row), file=sys.stdout)


if __name__ == "__main__":
    main()
