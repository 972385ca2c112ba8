"""Run directories of simulated solutions: where wrong calculations decide, and where nothing tells."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

MODEL = "a-small-model"


def rows(
    problems: int, seed: int, *, telling: bool = True, samples: int = 8, p: float = 0.5
) -> list[dict[str, Any]]:
    """One row a problem. A solution is right with probability `p`; where it is `telling`, a wrong one shows a
    wrong calculation and a right one does not, else all that differs is the number it states."""
    rng = random.Random(seed)
    found = []
    for at in range(problems):
        a, b, c = (rng.randint(20, 99) for _ in range(3))
        total = a + b * c
        paths: list[dict[str, Any]] = []
        for lineage in range(samples):
            off = 0 if rng.random() < p else rng.choice((-20, -10, 30))
            texts = [
                f"They hold {b} * {c} = {b * c + off} eggs.\n\n" if telling else "Let me think of it.\n\n",
                f"With the others {a} + {b * c + off} = {total + off}.\n\n" if telling else "So it is.\n\n",
                f"The answer is \\boxed{{{total + off}}}.",
            ]
            answers = [path["answer"] for path in paths]
            answer = str(total + off)
            paths.append(
                {
                    "lineage": [lineage],
                    "steps": texts,
                    "tokens": [12, 10, 8],
                    "logprobs": [-rng.random() * 6 for _ in texts],
                    "scores": [0.5, 0.5, 0.5],
                    "answer": answer,
                    "vote": answers.index(answer) if answer in answers else lineage,
                    "finish": "stop",
                    "error": None,
                }
            )
        found.append(
            {
                "id": f"eggs-{seed}-{at}",
                "problem": f"There are {b} boxes of {c} eggs and {a} others. How many eggs are there ({at})?",
                "answer": None,
                "gold": str(total),
                "decision": {"strategy": f"best_of_n:n={samples},select=max,aggregate=last"},
                "rerouted": None,
                "paths": paths,
                "error": None,
            }
        )
    return found


def write_run(folder: Path, found: list[dict[str, Any]], *, torn: bool = False) -> Path:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"policy_model": {"name": MODEL}}))
    lines = [json.dumps(row) for row in found]
    (folder / "results.jsonl").write_text("\n".join(lines) + ("\n" if not torn else '\n{"id": "cut o'))
    return folder
