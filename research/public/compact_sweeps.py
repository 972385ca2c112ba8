"""Readers of the compact sweeps in the data folder, whose texts were mostly dropped (fields named x_* were
added by whoever compacted them; their correctness is
math-verify 0.9's, which is our grader). The problems' texts are joined by `unique_id`."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from compute_router.policies import SpecError, make, spec
from compute_router.training.importers.log_row import LogPath, LogRow
from compute_router.training.importers.size import clean_name, params_of
from compute_router.training.importers.values import count_of, gold_of, level_of
from research.workloads.jsonl import read_jsonl

__all__ = ["READERS"]

Row = dict[str, Any]

_CHARS_PER_TOKEN = 3.0
"""Measured on the 588 single samples of the specs logs, which state both: 3.02."""
_BY_LENGTH = "estimate: characters / 3"
_PRM_ONCE = {"prm_tokens": "estimate: every generated token read once"}
_SINGLE = "majority:n=1"


def _attcc(data: Path) -> Iterator[LogRow]:
    name = "attcc_gsm8k300_gpt4.1mini"
    arms = {"fixed_1": _SINGLE, "fixed_4": "majority:n=4", "fixed_8": "majority:n=8"}
    for place, row in _rows(data, name):
        yield LogRow(
            place=place,
            problem_id=row["question_id"],
            policy_model="gpt-4.1-mini",
            arm=arms.get(row["x_strategy"], str(row["x_strategy"])),
            problem=row["question"],
            gold=gold_of(row["ground_truth"]),
            answer=row["predicted"],
            correct=row["correct"],
            tokens=count_of(row["tokens"]),
            prm_tokens=0,
            seconds=row["elapsed_ms"] / 1000,
            source=name,
        )


def _cotts(data: Path) -> Iterator[LogRow]:
    """The two records of the chain-of-thought run are two samples of one row; those of the beam run are not
    there for every question and count as one search each."""
    samples: dict[str, list[Row]] = {}
    name = "cotts_qwen2.5-1.5b_mathshepherd_cot_n1"
    for _, row in _rows(data, name):
        samples.setdefault(row["x_unique_id"], []).append(row)
    for rows in samples.values():
        yield _cotts_row(rows, spec(make(f"best_of_n:n={len(rows)}")), "max", name)
    name = "cotts_qwen2.5-1.5b_mathshepherd_beam_w4"
    for _, row in _rows(data, name):
        yield _cotts_row([row], spec(make("beam:n=4,m=4")), "weighted", name)


def _cotts_row(rows: list[Row], arm: str, select: str, source: str) -> LogRow:
    first = rows[0]
    counts = [count_of(row["result"]["total_completion_tokens"]) for row in rows]
    known = [count for count in counts if count is not None]
    tokens = sum(known) if len(known) == len(counts) else None
    return LogRow(
        place=f"{source} question {first['x_question_idx']}",
        problem_id=first["x_unique_id"],
        policy_model=first["x_policy"],
        arm=arm,
        problem=first["question"],
        gold=gold_of(first["groundtruth"]),
        level=first["x_level"],
        params=params_of(first["x_policy"]),
        prm=first["x_prm"],
        prm_params=params_of(first["x_prm"]),
        paths=tuple(
            LogPath(
                text=output["text"].replace(" ки\n", "\n"),
                correct=bool(row["result"]["majority_vote"]),
                tokens=count,
                scores=tuple(output["value"]),
            )
            for row, count in zip(rows, counts, strict=True)
            for output in row["output"]
        ),
        select=select,
        tokens=tokens,
        prm_tokens=tokens,
        source=source,
        versions=_PRM_ONCE,
    )


def _openai(data: Path) -> Iterator[LogRow]:
    """One solution of the finetuned model, or the verifier's best of 100 (arXiv 2110.14168, section 4)."""
    name = "openai_gsm8k_6b_175b_finetune_vs_verifier"
    for number, (place, row) in enumerate(_rows(data, name)):
        for size in ("6b", "175b"):
            model = f"gpt3-{size}-finetuned"
            for method, arm, n in (
                ("finetuning", "greedy", 1),
                ("verification", spec(make("best_of_n:n=100")), 100),
            ):
                solution = row[f"{size}_{method}"]
                answer = _after_a(solution["solution"])
                tokens = n * _estimate(len(solution["solution"]))
                path = LogPath(answer=answer, correct=solution["is_correct"], tokens=tokens)
                yield LogRow(
                    place=place,
                    problem_id=f"gsm8k-test-{number}",
                    policy_model=model,
                    arm=arm,
                    problem=row["question"],
                    gold=_after_a(row["ground_truth"]),
                    params=params_of(model),
                    prm=f"gpt3-{size}-verifier",
                    prm_params=params_of(model),
                    paths=(path,) if n == 1 else (),
                    answer=answer,
                    correct=solution["is_correct"],
                    tokens=tokens,
                    prm_tokens=0 if n == 1 else tokens,
                    source=name,
                    versions={"tokens": _BY_LENGTH}
                    if n == 1
                    else {"tokens": f"{_BY_LENGTH} of the chosen solution, times 100", **_PRM_ONCE},
                )


def _after_a(solution: str) -> str | None:
    _, mark, answer = solution.rpartition("\nA:")
    return (answer.strip() or None) if mark else None


def _math100(data: Path) -> Iterator[LogRow]:
    """Its reward model scores whole solutions without bounds; a logistic curve brings them into [0, 1]."""
    name = "qwen_math100_8samples_rm"
    for place, row in _rows(data, name):
        paths = tuple(
            LogPath(
                answer=answer or None,
                correct=correct,
                tokens=_estimate(len(text)),
                scores=tuple(_logistic(score) for score in scores),
            )
            for answer, correct, text, scores in zip(
                row["pred"], row["score"], row["response"], row["pred_score"], strict=True
            )
        )
        tokens = sum(path.tokens or 0 for path in paths)
        yield LogRow(
            place=place,
            problem_id=f"math100-{row['idx']}",
            policy_model="unnamed-of-math100",
            arm=spec(make(f"best_of_n:n={len(paths)}")),
            problem=row["question"],
            gold=gold_of(row["gt"]),
            level=level_of(row["level"]),
            prm="unnamed-rm-of-math100",
            paths=paths,
            select="max",
            tokens=tokens,
            prm_tokens=tokens,
            source=name,
            versions={"tokens": _BY_LENGTH, "scores": "logistic of the reward", **_PRM_ONCE},
        )


def _shanjf(data: Path) -> Iterator[LogRow]:
    name = "shanjf_math500_4samples_1b_1.5b"
    problems = _math500(data)
    for place, row in _rows(data, name):
        yield LogRow(
            place=place,
            problem_id=row["unique_id"],
            policy_model=row["x_policy"],
            arm=spec(make(f"majority:n={len(row['x_correct'])}")),
            problem=problems[row["unique_id"]],
            gold=gold_of(row["answer"]),
            level=row["level"],
            params=params_of(row["x_policy"]),
            paths=tuple(
                LogPath(answer=answer, correct=correct, tokens=_estimate(chars))
                for answer, correct, chars in zip(
                    row["x_extracted"], row["x_correct"], row["x_chars"], strict=True
                )
            ),
            settled=True,
            prm_tokens=0,
            source=f"{name}: {row['x_run']}",
            versions={"tokens": _BY_LENGTH},
        )


def _specs(data: Path) -> Iterator[LogRow]:
    """Beam logs state no tokens. n candidates are generated a step and the n final beams stand for them, so
    their length is an estimate of all that was generated; candidates that were pruned are taken to be as
    long. Padded duplicates are left out of the paths."""
    problems = _math500(data)
    for name in ("specs_n1_3b_8b_compact", "specs_beam_llama_qwen_compact"):
        for place, row in _rows(data, name):
            single = row["x_method"] == "best_of_n" and row["x_n"] == 1
            counted = [count_of(count) for count in row["completion_tokens"]]
            counts = [count for count in counted if count is not None]
            stated = len(counts) == len(row["x_chars"])
            tokens = sum(counts) if stated else _estimate(sum(row["x_chars"]))
            kept: dict[object, LogPath] = {}
            for i, (answer, correct, chars, scores) in enumerate(
                zip(row["x_extracted"], row["x_correct"], row["x_chars"], row["scores"], strict=True)
            ):
                path = LogPath(
                    answer=answer,
                    correct=correct,
                    tokens=counted[i] if stated else None,
                    scores=tuple(scores),
                )
                kept.setdefault(i if single else (answer, chars, path.scores), path)
            model, prm = clean_name(row["x_models"]), row["x_prm"].partition(" ")[0]
            yield LogRow(
                place=place,
                problem_id=row["unique_id"],
                policy_model=model,
                arm=_SINGLE if single else _specs_arm(row["x_method"], row["x_n"]),
                problem=problems[row["unique_id"]],
                gold=gold_of(row["answer"]),
                level=row["level"],
                params=params_of(model),
                prm=prm,
                prm_params=params_of(prm),
                paths=tuple(kept.values()),
                select="weighted",
                settled=True,
                tokens=tokens,
                prm_tokens=0 if single else tokens,
                seconds=row["runtime"],
                source=f"{name}: {row['x_run']}",
                versions={}
                if single
                else {
                    "tokens": "estimate: characters of the final beams / 3, pruned candidates taken as long",
                    **_PRM_ONCE,
                },
            )


def _specs_arm(method: str, n: int) -> str:
    """Below n = 4 its beam search keeps every candidate, so it is none of our arms."""
    try:
        return spec(make(f"beam:n={n},m=4"))
    except SpecError:
        return f"{method}_n{n}"


def _zeroeval(data: Path, task: str, level: int | None) -> Iterator[LogRow]:
    name = f"zeroeval_{task}_matrix"
    for place, row in _rows(data, name):
        for model, (correct, _, chars) in row["results"].items():
            path = LogPath(correct=bool(correct), tokens=_estimate(chars))
            yield LogRow(
                place=place,
                problem_id=str(row["id"]),
                policy_model=model,
                arm="greedy",
                problem=row["question"],
                level=level,
                params=params_of(model),
                paths=(path,),
                correct=bool(correct),
                tokens=path.tokens,
                prm_tokens=0,
                source=name,
                versions={"tokens": _BY_LENGTH},
            )


def _rows(data: Path, name: str) -> Iterator[tuple[str, Row]]:
    for number, row in enumerate(read_jsonl(data / "sweeps" / f"{name}.jsonl"), 1):
        yield f"{name} line {number}", row


def _math500(data: Path) -> dict[str, str]:
    return {row["unique_id"]: row["problem"] for row in read_jsonl(data / "problems" / "math500.jsonl")}


def _estimate(chars: int) -> int:
    return max(1, round(chars / _CHARS_PER_TOKEN))


def _logistic(reward: float) -> float:
    return 1 / (1 + math.exp(-reward))


READERS: Final[Mapping[str, Callable[[Path], Iterator[LogRow]]]] = MappingProxyType(
    {
        "attcc": _attcc,
        "cotts": _cotts,
        "openai": _openai,
        "math100": _math100,
        "shanjf": _shanjf,
        "specs": _specs,
        "zeroeval-gsm": lambda data: _zeroeval(data, "gsm", None),
        "zeroeval-math-l5": lambda data: _zeroeval(data, "math-l5", 5),
    }
)
"""A reader for every compact sweep, by its name."""
