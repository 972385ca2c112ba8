"""The embedded engine against the speed of llama.cpp itself, in one run, as ratios.

    python benchmarks/embedded.py [--rounds N] [--policy-model M] [--json FILE]

In turn, so that a noisy machine hurts both alike:
  ours   16 paths asked one by one through EmbeddedEngine.extend, log-probabilities and steps included
  batch  one request of 16 samples, straight to the same server, its own default sampling, no
         log-probabilities, no streaming: the batch speed of the engine
  plain  the same request with our sampling: what drawing from the whole distribution costs
  one    a single path alone: what batching gains
Then the share of the time of a whole best-of-8 search that goes into scoring with the baseline, and the
prompt tokens that siblings share.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp

from compute_router.engines.base import Request
from compute_router.engines.embedded import EmbeddedEngine
from compute_router.engines.embedded.llama_server import LlamaServer
from compute_router.engines.presets import load_embedded
from compute_router.execute.scheduler import Scheduler, SearchJob
from compute_router.grading import Grader
from compute_router.policies import make
from compute_router.scoring import LogprobBaseline
from compute_router.weights import default_policy_model, resolve

PROBLEM = (
    "A shop sells pens at $3 and books at $12. Ann buys 7 pens and 4 books and pays with $100. Her change?"
)
PATHS, TOKENS = 16, 64


class Clocked(LogprobBaseline):
    """The baseline, with the seconds it took."""

    seconds = 0.0

    async def score(self, batch: Any) -> Any:
        start = time.perf_counter()
        try:
            return await super().score(batch)
        finally:
            self.seconds += time.perf_counter() - start


async def measure(rounds: int, policy_model: str) -> dict[str, float]:
    preset = load_embedded()
    weights = resolve(policy_model)
    async with EmbeddedEngine(weights, slots=PATHS, context=preset.context) as engine:
        prompt_T = await engine.encode(PROBLEM)
        server: LlamaServer = engine.server

        async def ours(seed: int, paths: int = PATHS) -> int:
            asks = [Request(prompt_T, (), seed + i, "end", TOKENS, 0.7) for i in range(paths)]
            return sum(reply.usage.generated for reply in await asyncio.gather(*map(engine.extend, asks)))

        async def raw(seed: int, **sampling: Any) -> int:
            body = {
                "prompt": list(prompt_T),
                "n": PATHS,
                "seed": seed,
                "n_predict": TOKENS,
                "temperature": 0.7,
            }
            headers = {"Authorization": f"Bearer {server.key}"}
            async with (
                aiohttp.ClientSession(server.address, headers=headers) as session,
                session.post("/completion", json={**body, **sampling}) as response,
            ):
                return sum(int(sample["tokens_predicted"]) for sample in await response.json())

        await ours(1)
        ways: dict[str, Callable[[int], Awaitable[int]]] = {
            "ours": ours,
            "batch": raw,
            "plain": lambda seed: raw(seed, samplers=["temperature"]),
            "one": lambda seed: ours(seed, 1),
        }
        speeds: dict[str, list[float]] = {name: [] for name in ways}
        for turn in range(rounds):
            for name, way in ways.items():
                start = time.perf_counter()
                tokens = await way(1000 * turn)
                speeds[name].append(tokens / (time.perf_counter() - start))
        figures = {f"tokens_per_s_{name}": statistics.median(values) for name, values in speeds.items()}
        for name in ("batch", "plain", "one"):
            pairs = zip(speeds["ours"], speeds[name], strict=True)
            figures[f"ours_over_{name}"] = statistics.median(a / b for a, b in pairs)

        scorer = Clocked()
        with Grader() as grader:
            scheduler = Scheduler(engine, scorer, grader, seed=7)
            start = time.perf_counter()
            search = make("best_of_n:n=8,aggregate=mean").search(preset.limits(weights.name))
            solved = await scheduler.solve(SearchJob("overhead", PROBLEM, search))
            whole = time.perf_counter() - start
        figures["scoring_share_of_time"] = scorer.seconds / whole
        figures["scoring_tokens_per_generated"] = solved.ledger.prm.computed / solved.ledger.policy.generated
        figures["prompt_tokens_cached_share"] = solved.ledger.policy.cached / solved.ledger.policy.prompt
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--policy-model", default=default_policy_model())
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    figures = asyncio.run(measure(options.rounds, options.policy_model))
    for name, value in figures.items():
        print(f"{name:<32} {value:10.4f}")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
