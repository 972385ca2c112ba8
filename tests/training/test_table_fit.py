"""From a sweep to a measured row: exact expectations, soft bins, and a row that the table accepts."""

from __future__ import annotations

import json
import random
from collections import Counter
from itertools import combinations
from pathlib import Path
from statistics import mean

import numpy as np
import pytest

from policies import Beam, BestOfN, Majority, spec
from router.table import MeasuredRow, load_table
from training import sweep, table
from training.arms import reached, sampling_arms
from training.sweep import Sample, SweptProblem, read_sweep
from training.table import bin_weights, fit_row

ROOT = Path(__file__).parents[2]


def problem(name: str, rate: float, n: int = 6, seed: int = 0) -> SweptProblem:
    """A problem solved with probability `rate`; wrong answers are of three kinds, some samples have none."""
    rng = random.Random(f"{name}-{seed}")
    answers = ["1" if rng.random() < rate else rng.choice(["2", "3", "4", None]) for _ in range(n)]
    first = {answer: i for i, answer in reversed(list(enumerate(answers)))}
    samples = tuple(
        Sample(
            answer=answer,
            group=None if answer is None else first[answer],
            correct=answer == "1",
            tokens=rng.randrange(50, 150),
            scores=(round(rng.random(), 3), round(rng.random(), 3)),
            logprob=-rng.random(),
        )
        for answer in answers
    )
    return SweptProblem(name, "tiny", 1000, "logprob-baseline", samples)


PROBLEMS = [problem(f"p{i}", rate) for i, rate in enumerate([0.05, 0.2, 0.3, 0.5, 0.7, 0.9] * 4)]


@pytest.mark.parametrize("one", PROBLEMS[:8], ids=lambda one: one.id)
def test_a_vote_of_one_is_pass_at_1(one: SweptProblem) -> None:
    assert reached(one, Majority(1)).accuracy == pytest.approx(one.n_correct / len(one.samples))


@pytest.mark.parametrize("one", PROBLEMS[:8], ids=lambda one: one.id)
def test_best_of_n_is_the_mean_over_all_subsets(one: SweptProblem) -> None:
    right = []
    for subset in combinations(one.samples, 3):
        voters = [sample for sample in subset if sample.answer is not None]
        best = max(voters, key=lambda sample: mean(sample.scores), default=None)
        right.append(best is not None and best.correct)
    assert reached(one, BestOfN(3, "max", "mean")).accuracy == pytest.approx(mean(right))


def test_a_vote_with_a_clear_majority_is_right_as_often_as_its_subsets() -> None:
    for one in PROBLEMS:
        winners = []
        for subset in combinations(one.samples, 5):
            count = Counter(sample.answer for sample in subset if sample.answer is not None).most_common(2)
            if not count or (len(count) == 2 and count[0][1] == count[1][1]):
                break
            winners.append(count[0][0] == "1")
        else:
            assert reached(one, Majority(5)).accuracy == pytest.approx(mean(winners))


def test_tokens_are_those_of_n_samples() -> None:
    one = PROBLEMS[3]
    assert reached(one, Majority(4)).tokens == pytest.approx(
        4 * mean(sample.tokens for sample in one.samples)
    )


def test_what_a_sweep_cannot_answer_is_refused() -> None:
    with pytest.raises(ValueError, match="has 6"):
        reached(PROBLEMS[0], Majority(7))
    with pytest.raises(TypeError, match="beam"):
        reached(PROBLEMS[0], Beam(4, 2))


@pytest.mark.parametrize("n", [1, 4, 8, 64])
def test_bins_share_a_problem_by_what_its_samples_say(n: int) -> None:
    weights = [bin_weights(k, n) for k in range(n + 1)]
    for weight in weights:
        assert weight.sum() == pytest.approx(1)
        assert (weight >= 0).all()
    easy, hard = [weight[0] for weight in weights], [weight[2] for weight in weights]
    assert easy == sorted(easy)
    assert hard == sorted(hard, reverse=True)


def test_many_samples_settle_the_bin() -> None:
    assert np.argmax(bin_weights(900, 1000)) == 0
    assert np.argmax(bin_weights(300, 1000)) == 1
    assert np.argmax(bin_weights(10, 1000)) == 2


def test_the_row_tells_easy_from_hard_and_is_accepted(tmp_path: Path) -> None:
    row = fit_row(PROBLEMS, [], "a test")
    names = [arm["spec"] for arm in row["arms"]]
    assert names == [spec(arm) for arm in sampling_arms(6)]
    for arm in row["arms"]:
        assert arm["easy"]["accuracy"] > arm["hard"]["accuracy"]
        for label in ("easy", "medium", "hard"):
            low, high = arm[label]["interval"]
            assert low <= arm[label]["accuracy"] <= high
    path = tmp_path / "table.json"
    path.write_text(json.dumps({"schema_version": 1, "price": 0.1, "rows": [row]}))
    [loaded] = load_table(path).rows
    assert isinstance(loaded, MeasuredRow)


def test_greedy_is_an_arm_only_where_it_solved_every_problem() -> None:
    once = [problem(one.id, 0.5, n=1) for one in PROBLEMS]
    assert fit_row(PROBLEMS, once, "a test")["arms"][0]["spec"] == "greedy"
    assert fit_row(PROBLEMS, once[1:], "a test")["arms"][0]["spec"] == "majority:n=1"


def test_the_order_of_a_sweep_does_not_matter() -> None:
    assert fit_row(PROBLEMS, [], "a test")["arms"] == fit_row(PROBLEMS[::-1], [], "a test")["arms"]


def test_the_shipped_row_is_what_the_shipped_sweep_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Runs the command that the row names as its source, on a copy of the table."""
    monkeypatch.chdir(ROOT)
    shipped = json.loads((ROOT / "configs/table.json").read_text())
    row = next(row for row in shipped["rows"] if row["kind"] == "measured")
    command = row["source"].split()
    assert command[:3] == ["python", "-m", "training.table"]
    copy = tmp_path / "table.json"
    copy.write_text(json.dumps(shipped))
    arguments = [str(copy) if word == "configs/table.json" else word for word in command[3:]]
    monkeypatch.setattr("sys.argv", ["table", *arguments])
    table.main()
    assert "greedy" in capsys.readouterr().out
    fitted = next(row for row in json.loads(copy.read_text())["rows"] if row["kind"] == "measured")
    assert fitted["arms"] == row["arms"]


def test_a_run_becomes_a_sweep_and_comes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from router.cli import main

    problems = tmp_path / "problems.jsonl"
    rows = [{"id": f"q{i}", "problem": f"Compute {i} + \u2028 1.", "answer": i + 1} for i in range(5)]
    problems.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    run, out = tmp_path / "run", tmp_path / "sweep.jsonl"
    with pytest.raises(SystemExit) as end:
        main(
            ["solve", str(problems), "--engine", "scripted", "--strategy", "best_of_n:n=4", "--out", str(run)]
        )
    assert end.value.code == 0
    monkeypatch.setattr("sys.argv", ["sweep", str(run), "--out", str(out)])
    sweep.main()
    swept = read_sweep(out)
    assert [one.id for one in swept] == [row["id"] for row in rows]
    assert all(len(one.samples) == 4 for one in swept)
    assert "Compute" not in out.read_text("utf-8")
