"""Run directories as examples: what is read, and what is one clear error."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from prm_rollouts import MODEL, rows, write_run

from compute_router.errors import InputError
from compute_router.scoring.arithmetic import FEATURES
from compute_router.training.prm.examples import read_solved


def test_a_problem_with_all_its_samples(tmp_path: Path) -> None:
    [problem] = read_solved([write_run(tmp_path / "a", rows(1, 5))])
    assert (problem.kind, problem.policy_model, len(problem.paths_N)) == ("eggs", MODEL, 8)
    for path in problem.paths_N:
        assert path.evidence_SF.shape == (3, len(FEATURES))
        assert path.logprob is not None
        assert path.logprob < 0


def test_answers_are_graded_again(tmp_path: Path) -> None:
    found = rows(4, 5)
    gold = {"".join(row["problem"].split()): row["gold"] for row in found}
    for row in found:
        row["correct"] = "not looked at"
        row["gold"] = f"\\boxed{{{row['gold']}.0}}"
    for problem in read_solved([write_run(tmp_path / "a", found)]):
        for path in problem.paths_N:
            assert path.correct is (path.answer == gold[problem.identity])


def test_a_run_that_goes_on_and_a_sweep_of_runs(tmp_path: Path) -> None:
    write_run(tmp_path / "sweep/one", rows(3, 1), torn=True)
    write_run(tmp_path / "sweep/two", rows(2, 2))
    assert len(read_solved([tmp_path / "sweep"])) == 5


def test_of_a_problem_solved_twice_the_most_samples_count(tmp_path: Path) -> None:
    few, many = rows(3, 1, samples=4), rows(3, 1, samples=12)
    for row, other in zip(few, many, strict=True):
        row["problem"] = "  " + other["problem"]
    runs = [write_run(tmp_path / "few", few), write_run(tmp_path / "many", many)]
    for order in (runs, runs[::-1]):
        assert [len(problem.paths_N) for problem in read_solved(order)] == [12, 12, 12]


def test_a_solution_without_a_step_is_a_wrong_sample(tmp_path: Path) -> None:
    found = rows(1, 5)
    found[0]["paths"][0] |= {"steps": [], "tokens": [], "logprobs": [], "answer": None, "vote": None}
    [problem] = read_solved([write_run(tmp_path / "a", found)])
    assert problem.paths_N[0].evidence_SF.shape == (0, len(FEATURES))
    assert not problem.paths_N[0].correct


def without_gold(row: dict[str, Any]) -> None:
    row["gold"] = None


def without_texts(row: dict[str, Any]) -> None:
    for path in row["paths"]:
        del path["steps"]


def by_a_search(row: dict[str, Any]) -> None:
    row["decision"] = {"strategy": "beam:n=8,m=4"}


def all_wrong(row: dict[str, Any]) -> None:
    row["gold"] = "-1"


def failed(row: dict[str, Any]) -> None:
    row["error"] = {"type": "EngineError"}


def damaged(row: dict[str, Any]) -> None:
    del row["paths"]


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (without_gold, "nothing to learn from: problems have no reference answer"),
        (without_texts, "the texts of problems or solutions were left out"),
        (by_a_search, "not solved by plain samples"),
        (failed, "problems ended in an error"),
        (all_wrong, "none of the 3 problems has both right and wrong solutions"),
        (damaged, "line 1 is no row of a run"),
    ],
)
def test_what_cannot_be_learned_from_is_said(tmp_path: Path, spoil: Any, says: str) -> None:
    found = rows(3, 1)
    for row in found:
        spoil(row)
    with pytest.raises(InputError, match=says):
        read_solved([write_run(tmp_path / "a", found)])


def test_no_run_at_all(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no results\.jsonl"):
        read_solved([tmp_path])
    run = write_run(tmp_path / "a", rows(2, 1))
    (run / "config.json").write_text(json.dumps({}))
    with pytest.raises(InputError, match="names no policy model"):
        read_solved([run])
    (run / "results.jsonl").write_text("{]\n")
    (run / "config.json").write_text(json.dumps({"policy_model": {"name": MODEL}}))
    with pytest.raises(InputError, match="line 1 is not JSON"):
        read_solved([run])
    (run / "results.jsonl").write_text("")
    with pytest.raises(InputError, match="no finished problem"):
        read_solved([run])
