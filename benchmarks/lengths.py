"""How long real searches are, and how well that can be foreseen: where world.py has its constants from.

    python benchmarks/lengths.py LOG --params 1540000000 --policy-model Qwen2.5-1.5B-Instruct

LOG is JSONL of compute-optimal-tts records (question, output[].reward_history and token_history). Prints
quantiles of the steps a path and the tokens a step, and the correlation of the shipped predictor's pass@1
with the logarithm of the steps (negative: harder is longer).
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Sequence
from pathlib import Path
from statistics import correlation

from compute_router.difficulty import PolicyModel, load
from compute_router.io.data_files import data_path

SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("log", type=Path)
    parser.add_argument("--policy-model", required=True)
    parser.add_argument("--params", type=int, required=True)
    chosen = parser.parse_args()
    records = [json.loads(line) for line in chosen.log.read_text("utf-8").split("\n") if line]
    steps = [max(len(path["reward_history"]) for path in record["output"]) for record in records]
    tokens = [n for record in records for path in record["output"] for n in path["token_history"]]
    predictor = load(data_path("difficulty/manifest.json").parent)
    model = PolicyModel(chosen.policy_model, chosen.params)
    predicted = predictor.predict([record["question"] for record in records], model)
    foreseen = correlation([p.distribution.pass_at_1 for p in predicted], list(map(math.log, steps)))
    print(f"{len(records)} records; quantiles at {SHARES}, then the largest")
    print(f"steps a path   {quantiles(steps)}")
    print(f"tokens a step  {quantiles(tokens)}")
    print(f"pass@1 foreseen and log(steps): correlation {foreseen:.2f}")


def quantiles(numbers: Sequence[int]) -> list[int]:
    ordered = sorted(numbers)
    return [*(ordered[int(len(ordered) * share)] for share in SHARES), ordered[-1]]


if __name__ == "__main__":
    main()
