"""Fits the measured row of a policy model from compact sweeps, and writes it into a strategy table.

    python -m training.table SWEEP... --table configs/table.json

Each problem belongs to a difficulty bin with the probability that its pass@1 lies there, given that k of
its n samples were right and a Jeffreys prior, Beta(1/2, 1/2). A cell's accuracy and tokens are the means so
weighted; its interval is a bootstrap over problems. Rows of other models stay as they are.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import beta

from difficulty.bins import BINS, EASY_FROM, MEDIUM_FROM
from policies import Greedy, spec
from training.arms import reached, sampling_arms
from training.sweep import SweptProblem, read_sweep

__all__ = ["bin_weights", "fit_row"]

BOOTSTRAPS = 2000


def bin_weights(n_correct: int, n: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """P(easy), P(medium), P(hard) of a problem whose samples were right `n_correct` times of `n`."""
    cuts = beta.cdf([MEDIUM_FROM, EASY_FROM], n_correct + 0.5, n - n_correct + 0.5)
    return np.array([1 - cuts[1], cuts[1] - cuts[0], cuts[0]])


def fit_row(
    problems: Sequence[SweptProblem], greedy: Sequence[SweptProblem], source: str, seed: int = 0
) -> dict[str, Any]:
    """The measured row, as the table's JSON. `greedy` holds the same problems solved once at temperature 0;
    its arm is fitted on those of them that are in `problems`."""
    weights = {one.id: bin_weights(one.n_correct, len(one.samples)) for one in problems}
    size = min(len(one.samples) for one in problems)
    columns = {spec(arm): {one.id: reached(one, arm) for one in problems} for arm in sampling_arms(size)}
    once = {one.id: one.samples[0] for one in greedy if one.id in weights}
    arms = []
    if set(once) == set(weights):
        accuracy = {name: float(sample.correct) for name, sample in once.items()}
        tokens = {name: float(sample.tokens) for name, sample in once.items()}
        arms.append(_arm(spec(Greedy()), accuracy, tokens, weights, seed))
    for name, column in columns.items():
        accuracy = {key: one.accuracy for key, one in column.items()}
        tokens = {key: one.tokens for key, one in column.items()}
        arms.append(_arm(name, accuracy, tokens, weights, seed))
    model, prm = problems[0].policy_model, problems[0].prm
    return {
        "kind": "measured",
        "id": f"measured/{model}",
        "source": source,
        "policy_model": model,
        "prm": prm,
        "arms": arms,
    }


def _arm(
    name: str,
    accuracy: dict[str, float],
    tokens: dict[str, float],
    weights: dict[str, np.ndarray[tuple[int], np.dtype[np.float64]]],
    seed: int,
) -> dict[str, Any]:
    ids = sorted(weights)
    right = np.array([accuracy[key] for key in ids])
    cost = np.array([tokens[key] for key in ids])
    shares = np.array([weights[key] for key in ids])
    # The same resamples for every arm, so that arms stay comparable within a resample.
    draws = np.random.default_rng(seed).integers(len(ids), size=(BOOTSTRAPS, len(ids)))
    cells: dict[str, Any] = {"spec": name}
    for at, label in enumerate(BINS):
        share = shares[:, at]
        resampled = (share[draws] * right[draws]).sum(1) / share[draws].sum(1)
        low, high = np.quantile(resampled, [0.025, 0.975])
        cells[label] = {
            "problems": round(float(share.sum()), 1),
            "accuracy": round(float(share @ right / share.sum()), 4),
            "interval": [round(float(low), 4), round(float(high), 4)],
            "tokens": round(float(share @ cost / share.sum()), 1),
        }
    return cells


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("sweeps", nargs="+", type=Path, metavar="SWEEP")
    parser.add_argument("--table", required=True, type=Path)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    swept = [one for path in options.sweeps for one in read_sweep(path)]
    sampled = [one for one in swept if len(one.samples) > 1]
    greedy = [one for one in swept if len(one.samples) == 1]
    files = " ".join(str(path) for path in options.sweeps)
    row = fit_row(sampled, greedy, f"python -m training.table {files} --table {options.table}", options.seed)
    table = json.loads(options.table.read_text("utf-8"))
    table["rows"] = [row, *(old for old in table["rows"] if _key(old) != _key(row))]
    options.table.write_text(json.dumps(table, indent=2, ensure_ascii=False) + "\n", "utf-8")
    for arm in row["arms"]:
        print(f"{arm['spec']:<44} {'   '.join(_shown(label, arm[label]) for label in BINS)}")


def _key(row: dict[str, Any]) -> tuple[str | None, str | None]:
    return row.get("policy_model"), row.get("prm")


def _shown(label: str, cell: dict[str, Any]) -> str:
    low, high = cell["interval"]
    return f"{label} {cell['accuracy']:.3f} [{low:.2f}, {high:.2f}] {cell['tokens']:6.0f} tokens"


if __name__ == "__main__":
    main()
