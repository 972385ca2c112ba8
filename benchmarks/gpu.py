"""Sweep and solve on a real SGLang server, against the batch speed of that server itself.

    python benchmarks/gpu.py --url http://HOST:PORT [--prm P --prm-url URL] [--problems N] [--json FILE]
    python benchmarks/gpu.py --cpu     # starts SGLang on the CPU with a tiny random model: does it run at all

The server must run with --enable-metrics. In this order:
  batch    one list call of --paths paths of --tokens tokens each, nothing stops early: what the engine can do
  sweep    best_of_n:n=16 over the problems, and beam:n=16,m=4
  solve    the strategy that the table chooses for each problem
  pace     list calls of 1, 2, 4, ... paths over short and long prompts: the seconds of one iteration, from
           the difference between writing 8 and 40 tokens; half of them fit the constants of the cost model
           (benchmarks/virtual/cost.py), the other half gives its error

Of sweep and solve: generated tokens a second (all strategies wait at their ends, the batch does not), the
share of prompt tokens from the cache, and how many requests ran side by side, sampled from the metrics.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from virtual.cost import Model
from virtual.fit import Decode, fit

from compute_router import Problem, SolveOptions
from compute_router.engines.sglang import identify, sized
from compute_router.factory import Settings, build
from compute_router.io.problem_file import read_problems
from compute_router.ledger import Tokens
from compute_router.policies import make

ROOT = Path(__file__).parents[1]
SPECS = ("best_of_n:n=16,select=vote", "beam:n=16,m=4")
FEW, MANY = 8, 40


class Server:
    """What is asked of a server directly."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._random = random.Random(5)

    def write(self, paths: int, prompt: int, tokens: int) -> float:
        """Seconds in which `paths` different prompts of `prompt` tokens, already read, get `tokens` more."""
        ids = [[self._random.randrange(10, 200) for _ in range(prompt)] for _ in range(paths)]
        self.post(ids, 0)
        start = time.perf_counter()
        self.post(ids, tokens)
        return time.perf_counter() - start

    def post(self, ids: list[list[int]], tokens: int) -> None:
        sampling = {"max_new_tokens": tokens, "ignore_eos": True, "temperature": 1.0}
        data = json.dumps({"input_ids": ids, "sampling_params": sampling}).encode()
        request = Request(f"{self.url}/generate", data, {"Content-Type": "application/json"})
        with urlopen(request, timeout=600) as answer:
            answer.read()

    def running(self) -> float:
        with urlopen(f"{self.url}/metrics", timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        return sum(
            float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith("sglang:num_running_reqs{")
        )

    @contextmanager
    def watched(self) -> Iterator[list[float]]:
        """Requests that run, five times a second."""
        seen: list[float] = []
        over = threading.Event()

        def watch() -> None:
            while not over.wait(0.2):
                seen.append(self.running())

        thread = threading.Thread(target=watch, daemon=True)
        thread.start()
        try:
            yield seen
        finally:
            over.set()
            thread.join()


def search(server: Server, settings: Settings, problems: list[Problem], spec: str | None) -> dict[str, float]:
    """One strategy, or the table's choice, over all problems."""
    policy, prm, failed = Tokens(), Tokens(), 0
    with build(settings) as router, server.watched() as running:
        start = time.perf_counter()
        options = SolveOptions(strategy=None if spec is None else make(spec))
        for result in router.solve_many(problems, options):
            policy, prm = policy + result.ledger.policy, prm + result.ledger.prm
            failed += result.error is not None
        seconds = time.perf_counter() - start
    return {
        "seconds": seconds,
        "failed": failed,
        "tokens_per_s": policy.generated / seconds,
        "cached_share": policy.cached / max(1, policy.prompt),
        "prm_tokens_per_generated": prm.computed / max(1, policy.generated),
        "prm_cached_share": prm.cached / max(1, prm.prompt),
        "running_mean": statistics.fmean(running) if running else 0.0,
        "running_most": max(running, default=0.0),
    }


def pace(server: Server, model: Model, most: int, prompts: tuple[int, ...]) -> dict[str, float]:
    points = []
    paths = 1
    while paths <= most:
        for prompt in prompts:
            seconds = [server.write(paths, prompt, MANY) - server.write(paths, prompt, FEW) for _ in range(3)]
            each = statistics.median(seconds) / (MANY - FEW)
            if each > 0:
                points.append(Decode(paths, paths * (prompt + (FEW + MANY) // 2), each))
        paths *= 2
    found = fit(points, model)
    return {
        "points": len(points),
        "held_out_median_error": found.median_error,
        "held_out_worst_error": max(found.errors_P),
        "bandwidth_bytes_per_s": found.pace.card.bandwidth,
        "flops_per_s": found.pace.card.flops,
        "overhead_s": found.pace.overhead_s,
    }


def model_of(folder: str, name: str, params: int) -> Model:
    """Bytes of keys and values from the model's config.json; of a model that is not on this machine, none."""
    file = Path(folder) / "config.json"
    if not file.is_file():
        return Model(name, params, 0)
    config: dict[str, Any] = json.loads(file.read_bytes())
    heads = config["num_attention_heads"]
    size = config.get("head_dim") or config["hidden_size"] // heads
    return Model(
        name, params, 2 * config["num_hidden_layers"] * config.get("num_key_value_heads", heads) * size * 2
    )


@contextmanager
def cpu() -> Iterator[str]:
    """SGLang on the CPU with a tiny random model."""
    import sys

    sys.path.insert(0, str(ROOT / "tests"))
    from support.sglang_cpu.model import make_policy_model
    from support.sglang_cpu.server import Server as Starter

    with tempfile.TemporaryDirectory() as folder:
        model = make_policy_model(Path(folder) / "Tiny-Qwen2-0.1M")
        with Starter(model, Path(folder) / "server.log") as server:
            yield server.url


def measure(options: argparse.Namespace, url: str) -> dict[str, dict[str, float]]:
    server = Server(url)
    served = identify(url)
    name, params = sized(options.policy_model, served)
    urls = tuple(options.prm_url)
    settings = Settings("sglang", options.policy_model, options.prm, engine_urls=(url,), prm_urls=urls)
    problems = read_problems(str(options.input), limit=options.problems)
    figures: dict[str, dict[str, float]] = {}

    def show(what: str, found: dict[str, float]) -> None:
        figures[what] = found
        for key, value in found.items():
            print(f"{what:<28} {key:<26} {value:16.6g}", flush=True)

    server.write(options.paths, 64, options.tokens)  # warm
    best = min(server.write(options.paths, 64, options.tokens) for _ in range(3))
    batch = options.paths * options.tokens / best
    show("batch", {"paths": options.paths, "tokens_per_s": batch})
    for spec in (*SPECS, None):
        found = search(server, settings, problems, spec)
        show(spec or "auto", found | {"of_batch": found["tokens_per_s"] / batch})
    prompts = (64, served.context // 2 // 64 * 64)
    show("pace", pace(server, model_of(served.model_path, name, params), options.paths, prompts))
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--url")
    where.add_argument("--cpu", action="store_true")
    parser.add_argument("--policy-model", help="the name, where the server's does not state a size")
    parser.add_argument("--prm", default="logprob-baseline")
    parser.add_argument("--prm-url", action="append", default=[])
    parser.add_argument("--input", type=Path, default=ROOT / "configs/problems/demo.jsonl")
    parser.add_argument("--problems", type=int)
    parser.add_argument("--paths", type=int)
    parser.add_argument("--tokens", type=int, default=64)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    options.problems = options.problems or (4 if options.cpu else 256)
    options.paths = options.paths or (16 if options.cpu else 256)
    with ExitStack() as stack:
        url = stack.enter_context(cpu()) if options.cpu else options.url
        figures = measure(options, url)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
