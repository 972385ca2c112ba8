"""The summary against a naive recomputation."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from compute_router.io.summary import summarize

count = st.integers(0, 10**6)
tokens = st.fixed_dictionaries({"prompt_tokens": count, "cached_tokens": count, "generated_tokens": count})
rows = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.uuids().map(str),
            "answer": st.none() | st.just("4"),
            "gold": st.none() | st.just("5"),
            "correct": st.sampled_from([None, True, False]),
            "decision": st.none()
            | st.fixed_dictionaries({"strategy": st.sampled_from(["greedy", "beam:n=4,m=2"])}),
            "ledger": st.fixed_dictionaries(
                {
                    "policy": tokens,
                    "prm": tokens,
                    "flops": st.fixed_dictionaries({"policy_only": count, "policy_prm": count, "net": count}),
                    "seconds": st.floats(0, 10),
                }
            ),
            "degraded": st.none() | st.just("the budget left some paths unscored"),
            "error": st.none() | st.just({"type": "EngineError", "message": "gone", "retryable": True}),
        }
    ),
    max_size=20,
)


def naive(rows: list[dict[str, Any]]) -> Mapping[str, Any]:
    def total(part: str, key: str) -> int:
        return sum(row["ledger"][part][key] for row in rows)

    def of(name: str) -> dict[str, int]:
        mine = [row for row in rows if row["decision"] and row["decision"]["strategy"] == name]
        return {
            "problems": len(mine),
            "graded": len([row for row in mine if row["gold"] is not None]),
            "correct": len([row for row in mine if row["correct"]]),
            "generated_tokens": sum(row["ledger"]["policy"]["generated_tokens"] for row in mine),
        }

    graded = [row for row in rows if row["gold"] is not None]
    correct = [row for row in rows if row["correct"]]
    names = sorted({row["decision"]["strategy"] for row in rows if row["decision"]})
    return {
        "problems": len(rows),
        "answered": len([row for row in rows if row["answer"] is not None]),
        "failed": len([row for row in rows if row["error"] is not None]),
        "degraded": len([row for row in rows if row["degraded"] is not None]),
        "graded": len(graded),
        "correct": len(correct),
        "accuracy": len(correct) / len(graded) if graded else None,
        "strategies": {name: of(name) for name in names},
        "ledger": {
            part: {
                key: total(part, key)
                for key in (
                    ("policy_only", "policy_prm", "net")
                    if part == "flops"
                    else ("prompt_tokens", "cached_tokens", "generated_tokens")
                )
            }
            for part in ("policy", "prm", "flops")
        },
    }


@given(rows)
def test_the_summary_is_what_a_naive_count_gives(rows: list[dict[str, Any]]) -> None:
    # As text: Python takes True for 1, a reader of summary.json does not.
    assert json.dumps(summarize(iter(rows))) == json.dumps(naive(rows))


@given(rows, st.randoms())
def test_the_order_of_the_rows_does_not_matter(rows: list[dict[str, Any]], random: Any) -> None:
    shuffled = random.sample(rows, len(rows))
    assert json.dumps(summarize(shuffled)) == json.dumps(summarize(rows))


def test_a_failed_row_with_a_gold_answer_counts_as_wrong() -> None:
    zero = dict.fromkeys(("prompt_tokens", "cached_tokens", "generated_tokens"), 0)
    ledger = {"policy": zero, "prm": zero, "flops": {"policy_only": 0, "policy_prm": 0, "net": 0}}
    right = {
        "answer": "5",
        "gold": "5",
        "correct": True,
        "decision": None,
        "ledger": ledger,
        "degraded": None,
        "error": None,
    }
    failed = {**right, "answer": None, "correct": False, "error": {"retryable": False}}
    assert summarize([right, failed])["accuracy"] == 0.5
    assert summarize([{**right, "gold": None, "correct": None}])["accuracy"] is None
