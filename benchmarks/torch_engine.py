"""The torch engine beside the embedded one, in one run, as ratios: sampled tokens a second.

    make sglang-cpu
    .venv-sglang/bin/python benchmarks/torch_engine.py [--rounds N] [--policy-model M] [--json FILE]

In turn, so that a noisy machine hurts both alike: the same prompts, temperature 0.7, as many paths at once as
stands beside the name, each to its end or to 96 tokens. Whether bfloat16 is fast here is said first.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import time
from pathlib import Path

from compute_router.engines.base import Engine, Request
from compute_router.engines.embedded import EmbeddedEngine
from compute_router.engines.presets import load_embedded
from compute_router.engines.torch import TorchEngine
from compute_router.engines.torch.library import torch
from compute_router.weights import default_policy_model, resolve

PROBLEMS = (
    "A shop sells pens at $3 and books at $12. Ann buys 7 pens and 4 books and pays with $100. Her change?",
    "Tom has 12 apples and buys 3 bags with 7 apples each. He gives away 9. How many are left?",
    "Compute 47 + 15 - 83 + 21 - 9.",
)
TOKENS = 96


async def speed(engine: Engine, paths: int, seed: int) -> float:
    prompts = [await engine.encode(problem) for problem in PROBLEMS]
    asks = [Request(prompts[i % len(prompts)], (), seed + i, "end", TOKENS, 0.7) for i in range(paths)]
    start = time.perf_counter()
    replies = await asyncio.gather(*map(engine.extend, asks))
    return sum(reply.usage.generated for reply in replies) / (time.perf_counter() - start)


async def measure(rounds: int, policy_model: str) -> dict[str, float]:
    preset, weights = load_embedded(), resolve(policy_model)
    names = ("avx512_bf16", "amx_bf16")
    figures = {name: float(torch().cpu.get_capabilities().get(name, False)) for name in names}
    async with (
        EmbeddedEngine(weights, slots=preset.slots, context=preset.context) as embedded,
        TorchEngine(weights, context=preset.context) as batch,
    ):
        ways: list[tuple[str, Engine, int]] = [
            (f"{name}_{paths}", engine, paths)
            for paths in (8, preset.slots, batch.slots)
            for name, engine in (("embedded", embedded), ("torch", batch))
        ]
        speeds: dict[str, list[float]] = {name: [] for name, _, _ in ways}
        for turn in range(rounds):
            for name, engine, paths in ways:
                speeds[name].append(await speed(engine, paths, 1000 * turn))
    figures |= {f"tokens_per_s_{name}": statistics.median(found) for name, found in speeds.items()}
    for paths in (8, preset.slots, batch.slots):
        pairs = zip(speeds[f"torch_{paths}"], speeds[f"embedded_{paths}"], strict=True)
        figures[f"torch_over_embedded_{paths}"] = statistics.median(one / other for one, other in pairs)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--policy-model", default=default_policy_model())
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    figures = asyncio.run(measure(options.rounds, options.policy_model))
    for name, value in figures.items():
        print(f"{name:<32} {value:10.3f}")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
