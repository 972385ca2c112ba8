"""The whole solutions of run directories, by the request that they were the reply to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson

from compute_router.engines.base import Extension, ModelInfo
from compute_router.errors import InputError
from compute_router.execute.seeds import seed_of
from compute_router.ledger import Tokens
from compute_router.policies import (
    BestOfN,
    Greedy,
    Key,
    Limits,
    Majority,
    Sampling,
    SpecError,
    Step,
    from_spec,
)

__all__ = ["Recorded", "Recording", "read_recording", "results_of", "rows_of"]

CONFIG, RESULTS = "config.json", "results.jsonl"


@dataclass(frozen=True, slots=True)
class Recorded:
    """One problem: how many tokens its prompt took, and the replies by (seed, whether it is greedy). The ids
    of a reply's tokens are all its sample's number, counted from 1."""

    problem_id: str
    prompt_tokens: int
    replies: dict[tuple[int, bool], Extension]


@dataclass(frozen=True, slots=True)
class Recording:
    """`problems` by their texts, sampled with run seed `seed`; `sha256` is of all that was read."""

    model: ModelInfo
    limits: Limits
    seed: int
    problems: Mapping[str, Recorded]
    sha256: str


def read_recording(runs: Sequence[Path]) -> Recording:
    """The samples of run directories, or of sweep directories that hold some.

    Taken are greedy, majority and best_of_n without reject, prune or backtrack: their solutions were written
    in one piece. Of the same sample in several runs the first counts. A torn last line is left alone.
    Raises InputError: no results, a damaged file, runs that differ in policy model, limits or seed, or
    nothing that could be replayed.
    """
    files = [file for run in runs for file in results_of(run)]
    hashed = sha256()
    configs: list[dict[str, Any]] = []
    problems: dict[str, Recorded] = {}
    for file in files:
        config = _config(file.parent / CONFIG)
        for key in ("policy_model", "limits", "seed"):
            if configs and config[key] != configs[0][key]:
                raise InputError(f"{file.parent} has another {key.replace('_', ' ')} than {files[0].parent}")
        configs.append(config)
        for place, row, line in rows_of(file):
            hashed.update(line)
            try:
                _take(row, config["seed"], problems)
            except (KeyError, TypeError, ValueError, SpecError) as error:
                raise InputError(f"{place} is no row of a run ({error!r})") from error
    if not problems:
        raise InputError(
            f"nothing to replay in {', '.join(map(str, runs))}: greedy, majority or best_of_n is needed"
        )
    first = configs[0]
    try:
        model, limits = ModelInfo(**first["policy_model"]), Limits(**first["limits"])
    except TypeError as error:
        raise InputError(f"{files[0].parent / CONFIG} is no configuration of a run ({error})") from error
    return Recording(model, limits, first["seed"], problems, hashed.hexdigest())


def results_of(run: Path) -> list[Path]:
    """The results files of a run directory, or of a sweep's. Raises InputError where there are none."""
    files = sorted(run.glob(RESULTS)) or sorted(run.glob(f"*/{RESULTS}"))
    if not files:
        raise InputError(
            f"{run} holds no {RESULTS}: give what `compute-router solve` or `sweep` wrote to --out"
        )
    return files


def rows_of(file: Path) -> Iterator[tuple[str, dict[str, Any], bytes]]:
    """(where, row, its line) of a results file; a torn last line, of a run that goes on, is left alone.
    Raises InputError where a line is no row."""
    with file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            place = f"{file} line {number}"
            if not line.endswith(b"\n"):
                return
            try:
                row = orjson.loads(line)
            except ValueError as error:
                raise InputError(f"{place} is not JSON ({error})") from error
            if not isinstance(row, dict):
                raise InputError(f"{place} is no row of a run")
            yield place, row, line


def _config(path: Path) -> dict[str, Any]:
    try:
        config: dict[str, Any] = orjson.loads(path.read_bytes())
        return {key: config[key] for key in ("policy_model", "limits", "seed")}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} is no configuration of a run ({error!r})") from error


def _take(row: dict[str, Any], seed: int, problems: dict[str, Recorded]) -> None:
    if row["error"] is not None or row["decision"] is None or row.get("rerouted") is not None:
        return
    strategy = from_spec(row["decision"]["strategy"])
    if not isinstance(strategy, Greedy | Majority | BestOfN):
        return
    if isinstance(strategy, BestOfN) and replace(strategy.sampling, n=1, first="sample") != Sampling(1):
        return  # written step by step
    paths, bill = row["paths"], row["ledger"]["policy"]
    whole = [path for path in paths if path["finish"] in ("stop", "length")]
    if len(whole) < len(paths) or not paths or not row["problem"]:
        return  # one was cut or failed: what the others cost is not known then
    greedy = strategy.sampling.greedy if isinstance(strategy, BestOfN) else int(isinstance(strategy, Greedy))
    prompt_tokens = bill["prompt_tokens"] // len(paths)
    recorded = problems.setdefault(row["problem"], Recorded(row["id"], prompt_tokens, {}))
    cached = _shares(bill["cached_tokens"], len(paths))
    for path, share in zip(paths, cached, strict=True):
        (child,) = path["lineage"]
        key = seed_of(seed, row["id"], Key(0, (), child)), child < greedy
        recorded.replies.setdefault(key, _reply(path, prompt_tokens, share, child + 1))


def _reply(path: dict[str, Any], prompt_tokens: int, cached: int, number: int) -> Extension:
    # A row counts tokens and sums log-probabilities: ids are gone, and every token has its step's mean.
    steps_S = tuple(
        Step(text, (number,) * count, (logprob / count,) * count if logprob is not None and count else ())
        for text, count, logprob in zip(path["steps"], path["tokens"], path["logprobs"], strict=True)
    )
    return Extension(steps_S, path["finish"], Tokens(prompt_tokens, cached, sum(path["tokens"])))


def _shares(total: int, n: int) -> list[int]:
    """`total` in `n` whole parts as equal as can be."""
    return [total * (i + 1) // n - total * i // n for i in range(n)]
