"""The router twice on the same problems with one seed: how many answers agree, and why any differ.

    python benchmarks/repeat.py PROBLEMS [--limit N] [--out DIR]

The first run is that of benchmarks/compare.py, where it was made. Decisions and requests are the same both
times (checked). Texts need not be: llama.cpp's matrix products round differently for different batch sizes,
and which paths share a batch hangs on timing.
"""

from __future__ import annotations

import argparse
import json
from typing import Any

from solving import options, solve


def main() -> None:
    chosen = options(__doc__ or "")
    first, second = (run(chosen, name) for name in ("router", "router-again"))
    same_answer = [key for key in first if first[key]["answer"] == second[key]["answer"]]
    same_verdict = [key for key in first if first[key]["correct"] == second[key]["correct"]]
    paths = [
        (one, two)
        for key in first
        for one, two in zip(first[key]["paths"], second[key]["paths"], strict=True)
    ]
    same_path = [one for one, two in paths if one["steps"] == two["steps"]]
    prefixes = [common(one, two) for one, two in paths if one["steps"] != two["steps"]]
    decided = sum(first[key]["decision"] == second[key]["decision"] for key in first)
    print(f"\ndecisions that agree   {decided}/{len(first)}")
    print(f"answers that agree     {len(same_answer)}/{len(first)}")
    print(f"verdicts that agree    {len(same_verdict)}/{len(first)}")
    print(f"texts that agree       {len(same_path)}/{len(paths)} paths")
    if prefixes:
        shared = sum(prefixes) / len(prefixes)
        print(f"where texts differ, they share their first {shared:.0f} characters on average")
    for key in first.keys() - same_answer:
        strategy = first[key]["decision"]["strategy"]
        print(f"  {key}: {first[key]['answer']!r} and {second[key]['answer']!r} ({strategy})")


def run(chosen: argparse.Namespace, name: str) -> dict[str, dict[str, Any]]:
    out = solve(chosen, name, "auto")
    with (out / "results.jsonl").open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return {row["id"]: row for row in sorted(rows, key=lambda row: row["id"])}


def common(one: dict[str, Any], two: dict[str, Any]) -> int:
    a, b = "".join(one["steps"]), "".join(two["steps"])
    return next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


if __name__ == "__main__":
    main()
