"""Samples of several sweeps as those of one: each once, answers grouped anew, nothing mixed that differs."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest

from compute_router.errors import InputError
from compute_router.grading import Grader
from compute_router.policies.spec import MAX_N
from compute_router.training.outcomes.build_matrix import build_matrices
from compute_router.training.sweep.record import Record, RecordedPath, read_records, write_records
from compute_router.training.sweep.sweep_file import read_sweep
from research.sweeps.export_sweep import export_sweep
from research.sweeps.merge_sweeps import merge_sweeps, most_sampled, pooled
from support.sweep_files import matrices

BACKTRACKING = "best_of_n:n={}{},backtrack=2,select=weighted,aggregate=last"
FIRST, MORE = BACKTRACKING.format(3, ",first=greedy"), BACKTRACKING.format(2, "")
EARLY = "best_of_n:n=5,first=greedy,backtrack=2,accept=0.7,select=weighted,aggregate=last"
ARMS = (FIRST.replace("n=3", "n=5"), EARLY, BACKTRACKING.format(1, ",first=greedy"), "majority:n=2", MORE)


def record(problem: str, arm: str, seed: int, said: list[tuple[str | None, float]]) -> Record:
    """`said`: answer and value of each sample; 7 is right."""
    answers = [answer for answer, _ in said]
    paths = tuple(
        RecordedPath(answer, None if answer is None else answers.index(answer), answer == "7", 10 + i,
                  (0.5, value), -0.1, (4, 6 + i))
        for i, (answer, value) in enumerate(said)
    )  # fmt: skip
    return Record(
        problem, "m", arm, True, problem="What?", gold="7", params=10**9, prm="arithmetic-checker",
        prm_params=0,
        seed=seed, tokens=99, prompt_tokens=50, cached_tokens=40, prm_tokens=0, seconds=1.0, paths=paths,
        source=f"seed {seed}",
    )  # fmt: skip


def first(problem: str = "p") -> Record:
    return record(problem, FIRST, 1, [("3", 0.6), ("7", 0.5), (None, 0.9)])


def more(problem: str = "p", seed: int = 2) -> Record:
    return record(problem, MORE, seed, [("7.0", 0.4), ("4", 0.3)])


def pool(*sweeps: list[Record]) -> list[Record]:
    async def run() -> list[Record]:
        grader = Grader()
        try:
            return await pooled([most_sampled(one, "a sweep") for one in sweeps], grader)
        finally:
            grader.close()

    return asyncio.run(run())


def test_every_sample_is_there_once_and_equal_answers_meet() -> None:
    [found] = pool([first()], [more()], [more(seed=3)])
    assert found.arm == FIRST.replace("n=3", "n=7")
    assert [path.answer for path in found.paths] == ["3", "7", None, "7.0", "4", "7.0", "4"]
    assert [path.group for path in found.paths] == [0, 1, None, 1, 4, 1, 4]
    assert [path.tokens for path in found.paths] == [10, 11, 12, 10, 11, 10, 11]
    # 7 has three votes of together 1.3; alone, the first sweep would have said 3.
    assert (found.correct, found.tokens, found.prompt_tokens, found.seed) == (True, 75, 150, 1)
    [matrix] = matrices([found], (FIRST,))
    assert set(matrix.arms_A) == {found.arm, FIRST}
    assert found.source == "seed 1, seed 2, seed 3"


def test_of_a_problem_that_not_all_sweeps_have_nothing_is_taken() -> None:
    third = [more("d", seed=3), more("c", seed=3), more("a", seed=3), more("b", seed=3)]
    found = pool([first("a"), first("b"), first("c"), first("d")], [more("c"), more("a")], third)
    assert [one.problem_id for one in found] == ["a", "c"]


def test_what_is_not_known_of_one_sample_is_not_known_of_all() -> None:
    one, other = first(), more()
    untold = replace(other, paths=(replace(other.paths[0], tokens=None), *other.paths[1:]), prm_tokens=None)
    [found] = pool([one], [untold])
    assert (found.tokens, found.prm_tokens, found.prompt_tokens, found.seconds) == (None, None, 100, None)
    [found] = pool([replace(one, prm_tokens=3)], [replace(other, prm_tokens=4)])
    assert (found.tokens, found.prm_tokens) == (54, 7)


def test_more_samples_than_an_arm_can_have_are_refused() -> None:
    many = replace(more(), arm=MORE.replace("n=2", f"n={MAX_N}"), paths=more().paths[:1] * MAX_N)
    with pytest.raises(InputError, match=f"p has {MAX_N + 3} samples: an arm can have {MAX_N}"):
        pool([first()], [many])


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (replace(more(), seed=1), "the same seed"),
        (replace(more(), policy_model="another"), "samples of another by arithmetic-checker"),
        (replace(more(), prm="another"), "samples of m by another"),
        (replace(more(), gold="8"), "another answer"),
        (replace(more(), arm=MORE.replace("backtrack=2", "backtrack=1")), "not made like those"),
        (replace(first(), seed=2), "not made like those"),  # its greedy solution is the same one
        (more("another"), "no problem in common"),
        (replace(more(), paths=()), "0 kinds"),
        (replace(more(), arm="beam:n=2,m=2"), "0 kinds"),
    ],
)
def test_what_does_not_go_together_is_refused(other: Record, message: str) -> None:
    with pytest.raises(InputError, match=message):
        pool([first()], [other])


def test_samples_of_two_kinds_in_one_sweep_are_refused() -> None:
    with pytest.raises(InputError, match="a sweep is no sweep of one kind of samples: 2 kinds"):
        pool([first("a"), replace(first("b"), seed=9)], [more("a")])


def test_the_largest_row_of_a_problem_counts() -> None:
    assert most_sampled([replace(first(), arm=MORE, paths=first().paths[:2]), first()], "it")["p"] == first()


def test_as_a_sweep_that_can_be_exported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    problems = [f"sum-{k}" for k in range(3)]
    for name, rows in (("one", map(first, problems)), ("two", map(more, problems))):
        write_records(tmp_path / name / "sweep.jsonl", rows)
        (tmp_path / name / "sweep.manifest.json").write_text(json.dumps({"seed": name}))
    arms, out = tmp_path / "arms.txt", tmp_path / "both"
    arms.write_text("\n".join(ARMS))
    parts = [tmp_path / "one", tmp_path / "two"]
    merge_sweeps(parts, arms, out)
    assert "3 problems (3 of 5 samples)" in capsys.readouterr().out
    manifest = json.loads((out / "sweep.manifest.json").read_text())
    assert manifest["command"] == "python -m research merge-sweeps one two --arms arms.txt --out both"
    assert manifest["sweeps"] == {"one": {"seed": "one"}, "two": {"seed": "two"}}
    rows = list(read_records(out / "sweep.jsonl"))
    assert [(row.arm, row.problem_id) for row in rows] == [(ARMS[0], problem) for problem in problems]
    listed = [one["spec"] for one in manifest["arms"]]
    assert listed == list(ARMS[:3])  # the others' samples are of another kind
    export_sweep([out], tmp_path / "small.jsonl")
    [whole], [small] = (build_matrices([read_sweep(path)]) for path in (out, tmp_path / "small.jsonl"))
    assert set(whole.arms_A) == set(small.arms_A) == set(ARMS[:3])
    small = small.columns(whole.arms_A)
    assert small.accuracy_PA.tolist() == whole.accuracy_PA.tolist()
    assert small.tokens_PA.tolist() == whole.tokens_PA.tolist()
    (tmp_path / "two" / "sweep.manifest.json").unlink()
    with pytest.raises(InputError, match="which says how the sweep was made"):
        merge_sweeps(parts, arms, out)
