"""Sums and differences of chosen length and size, whose difficulty for a small model is easy to dial.

    python -m research arithmetic --terms 2-8 --digits 1-3 --count 120 --seed 0 > FILE

writes JSONL. A problem depends on its terms, digits and seed alone. With `--seed S` the seeds of the problems
start at `SEEDS * S`. The arithmetic of configs/problems/demo.jsonl is from `--seed 7`.
"""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterator

from compute_router.errors import InputError

SEEDS = 1_000_000


def arithmetic_problem(terms: int, digits: int, seed: int) -> dict[str, str]:
    """A row with the sum or difference of `terms` numbers of exactly `digits` digits. Raises InputError where
    there are less than two terms, or less than one digit."""
    if terms < 2 or digits < 1:
        raise InputError("a sum needs at least two terms of at least one digit")
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
    """The whole numbers of "2-8", both ends included, or of "3". Raises InputError where it is neither."""
    first, _, last = text.partition("-")
    try:
        found = range(int(first), int(last or first) + 1)
    except ValueError:
        found = range(0)
    if not found:
        raise InputError(f"{text!r} is no range of whole numbers such as 2-8")
    return found


def arithmetic_problems(terms: range, digits: range, count: int, seed: int) -> Iterator[dict[str, str]]:
    """`count` problems that go through every shape in turn; the seeds start at `SEEDS * seed`."""
    shapes = itertools.cycle(itertools.product(terms, digits))
    for index, (n_terms, n_digits) in enumerate(itertools.islice(shapes, count)):
        yield arithmetic_problem(n_terms, n_digits, SEEDS * seed + index)


def print_problems(terms: str, digits: str, count: int, seed: int) -> None:
    """Prints them as JSONL; `terms` and `digits` are like "2-8" or "3". Raises InputError where they are not,
    or where a sum would have less than two terms or less than one digit."""
    for row in arithmetic_problems(interval(terms), interval(digits), count, seed):
        print(json.dumps(row))
