"""A sweep: what is run and what is implied, kill and resume, rows that the schema and the matrices take."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import orjson
import pytest

from compute_router.cli.sweep import sweep
from compute_router.difficulty import load
from compute_router.errors import InputError, RunError
from compute_router.factory import Settings
from compute_router.io.problem_file import read_problems
from compute_router.policies import make, spec
from compute_router.problem import Problem
from compute_router.training.outcomes.build_matrix import build_matrices
from compute_router.training.sweep.arms import read_arms
from compute_router.training.sweep.implied_arms import sampler_of
from compute_router.training.sweep.record import Record, RecordedPath, RecordError, read_records
from compute_router.training.sweep.replay_orders import replay, sample_path
from compute_router.training.sweep.run_sweep import folder, sweepable
from compute_router.training.sweep.sweep_file import read_sweep
from research.sweeps.rejoin_texts import rollouts
from support.places import ROOT

VALID = jsonschema.Draft202012Validator(json.loads((ROOT / "configs/sweep.schema.json").read_text("utf-8")))

ARMS = """
# one spec a line
greedy
best_of_n:n=4,aggregate=mean   # keeps all samples
majority:n=3
best_of_n:n=4,select=weighted
majority:n=4,stop=certain
beam:n=4,m=2
"""
RUN = ("greedy", "best_of_n:n=4,aggregate=mean", "beam:n=4,m=2")
IMPLIED = ("majority:n=3", "best_of_n:n=4,select=weighted", "majority:n=4,stop=certain")


def canonical(text: str) -> str:
    return spec(make(text))


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A rule and nothing measured."""
    rule = {"kind": "rule", "id": "any", "source": "a test", "size": "<7B"}
    rule |= dict.fromkeys(("easy", "medium", "hard"), "greedy")
    path = tmp_path / "table.json"
    path.write_text(json.dumps({"schema_version": 3, "price": 0.1, "rows": [rule]}))
    return path


@pytest.fixture
def problems(tmp_path: Path) -> Path:
    # What the scripted engine says most, and once what it never says.
    answers = ("87", "40", "18", "38", "45", "33", "56", "7", "1000")
    rows: list[dict[str, Any]] = [
        {"id": f"sum-{i}", "problem": f"Compute {i} + \u2028 {2 * i}.", "answer": answer}
        for i, answer in enumerate(answers)
    ]
    rows += [{"id": "open", "problem": "Nobody knows."}, {"id": "empty", "problem": " ", "answer": "1"}]
    path = tmp_path / "problems.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


@pytest.fixture
def arms(tmp_path: Path) -> Path:
    path = tmp_path / "arms.txt"
    path.write_text(ARMS)
    return path


Sweep = Callable[..., int]

_load = cache(load)


@pytest.fixture
def run(problems: Path, arms: Path, table: Path, monkeypatch: pytest.MonkeyPatch) -> Sweep:
    monkeypatch.setattr("compute_router.factory.SCRIPTED_DELAY_S", 0.0)
    monkeypatch.setattr("compute_router.factory.load", _load)

    def run(out: Path, *, seed: int = 0, deadline_s: float | None = None, arms: Path = arms) -> int:
        settings = Settings("scripted", seed=seed, table=table)
        return sweep(str(problems), arms, out, settings, deadline_s=deadline_s, limit=None, as_json=False)

    return run


def rows_of(out: Path) -> list[dict[str, Any]]:
    """The rows, their seconds apart; each is held against the schema."""
    rows = [json.loads(line) for line in (out / "sweep.jsonl").read_text("utf-8").rstrip("\n").split("\n")]
    for row in rows:
        VALID.validate(row)
        row["seconds"] = None
    return rows


def by_arm(out: Path) -> dict[str, dict[str, Record]]:
    found: dict[str, dict[str, Record]] = {}
    for record in read_records(out / "sweep.jsonl"):
        found.setdefault(record.arm, {})[record.problem_id] = record
    return found


def taken(record: Record, arm: str) -> tuple[str | None, bool, int]:
    """Answer, verdict and tokens of an arm that takes the record's samples in their order."""
    strategy = sampler_of(arm)
    assert strategy is not None
    paths = [sample_path(at, path) for at, path in enumerate(record.paths)]
    found = replay(strategy, paths, [path.group for path in record.paths], range(len(paths)))
    chosen = None if found.chosen is None else record.paths[found.chosen]
    return chosen and chosen.answer, chosen is not None and chosen.correct is True, found.tokens


def test_every_arm_that_is_run_has_one_row_for_every_graded_problem(run: Sweep, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run(out) == 0
    rows = rows_of(out)
    expected = [canonical(line) for line in RUN]
    assert [(row["arm"], row["problem_id"]) for row in rows] == [
        (arm, f"sum-{i}") for arm in expected for i in range(9)
    ]
    assert {row["correct"] for row in rows} == {True, False}
    assert {path.name for path in out.iterdir() if path.is_dir()} == {folder(canonical(arm)) for arm in RUN}
    for row in rows:
        assert row["policy_model"] == "scripted"
        assert row["gold"] is not None
        assert row["versions"].keys() == {"compute-router", "engine", "python", "weights"}
        uses_prm = row["arm"].startswith(("best", "beam"))
        assert row["prm"] == ("logprob-baseline" if uses_prm else None)
    sampled = [row for row in rows if row["arm"] == canonical(RUN[1])]
    for row in sampled:
        assert len(row["paths"]) == 4
        assert row["tokens"] == sum(path["tokens"] for path in row["paths"])
        assert all(path["scores"] and path["logprob"] < 0 for path in row["paths"])
        assert all(path["correct"] is (path["answer"] == row["gold"]) for path in row["paths"])


def test_steps_that_were_taken_back_are_on_the_bill_of_every_arm(
    run: Sweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "compute_router.policies.grow.FALL", 0.6
    )  # the scripted engine's steps all score about that
    every = "best_of_n:n=4,aggregate=product,first=greedy,backtrack=2"
    early = "best_of_n:n=3,aggregate=product,accept=0.4,prune=0.25,first=greedy,backtrack=2"
    both, alone = tmp_path / "both.txt", tmp_path / "alone.txt"
    both.write_text(f"{every}\n{early}\n")
    alone.write_text(early)
    run(tmp_path / "out", arms=both)
    run(tmp_path / "own", arms=alone)
    mine = by_arm(tmp_path / "out")
    results = tmp_path / "out" / folder(canonical(every)) / "results.jsonl"
    rows = [orjson.loads(line) for line in results.read_bytes().splitlines()]
    assert sum("taken_back" in path for row in rows for path in row["paths"]) > len(rows)
    for record in mine[canonical(every)].values():
        assert record.tokens == sum(path.tokens or 0 for path in record.paths)
        assert all(path.tokens == sum(path.step_tokens) for path in record.paths)
    # Every step has a seed of its own in both: the early arm's own run writes the very same steps.
    own = by_arm(tmp_path / "own")[canonical(early)]
    for problem, record in mine[canonical(every)].items():
        assert taken(record, early) == (own[problem].answer, own[problem].correct, own[problem].tokens)
    assert {record.correct for record in own.values()} == {True, False}
    assert {"stop", "dropped"} <= {
        path["finish"]
        for line in (tmp_path / "own" / folder(canonical(early)) / "results.jsonl").read_bytes().splitlines()
        for path in orjson.loads(line)["paths"]
    }


def test_the_manifest_tells_what_was_done(run: Sweep, tmp_path: Path) -> None:
    from hashlib import sha256

    out = tmp_path / "out"
    run(out, seed=5)
    manifest = json.loads((out / "sweep.manifest.json").read_text())
    assert manifest["sha256"] == sha256((out / "sweep.jsonl").read_bytes()).hexdigest()
    assert (manifest["rows"], manifest["seed"], manifest["failed"], manifest["left"]) == (27, 5, 0, 0)
    assert manifest["input"]["problems"] == 9
    assert "sweep" in manifest["command"]
    assert "--seed 5" in manifest["command"]
    origins = {arm["spec"]: arm["from"] for arm in manifest["arms"]}
    assert {arm for arm, origin in origins.items() if origin is None} == {canonical(arm) for arm in RUN}
    assert {origins[canonical(arm)] for arm in IMPLIED} == {canonical(RUN[1])}


SMALLER = (
    *IMPLIED, "majority:n=2", "best_of_n:n=1", "best_of_n:n=4,select=vote", "majority:n=4,stop=0.7",
    "best_of_n:n=3,select=weighted,stop=0.8", "best_of_n:n=4,aggregate=mean,accept=0.9",
    "best_of_n:n=4,select=weighted,stop=0.8,accept=0.95",
)  # fmt: skip


@pytest.mark.parametrize("arm", SMALLER)
def test_what_the_samples_imply_is_what_its_own_run_would_have_been(
    run: Sweep, tmp_path: Path, arm: str
) -> None:
    together, alone = tmp_path / "together.txt", tmp_path / "alone.txt"
    together.write_text(f"best_of_n:n=4,aggregate=mean\n{arm}\n")
    alone.write_text(arm)
    run(tmp_path / "a", arms=together)
    run(tmp_path / "b", arms=alone)
    [sampled], own = by_arm(tmp_path / "a").values(), by_arm(tmp_path / "b")[canonical(arm)]
    assert sampled.keys() == own.keys()
    for problem, record in sampled.items():
        assert taken(record, arm) == (own[problem].answer, own[problem].correct, own[problem].tokens)
    [matrix] = build_matrices([read_sweep(tmp_path / "a")])
    assert canonical(arm) in matrix.arms_A


def test_one_sweep_is_a_matrix_of_all_its_arms(run: Sweep, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(out)
    [matrix] = build_matrices([read_sweep(out)])
    named = {canonical(arm) for arm in (*RUN, *IMPLIED)}
    assert named | {"majority:n=1", "majority:n=2", "majority:n=4"} < set(matrix.arms_A)
    assert not (matrix.accuracy_PA != matrix.accuracy_PA).any()
    assert matrix.samples_P.tolist() == [4] * 9
    assert matrix.texts_P[1] == "Compute 1 + \u2028 2."


@pytest.mark.slow
def test_six_kills_lose_nothing_and_double_nothing(
    run: Sweep, problems: Path, arms: Path, table: Path, tmp_path: Path
) -> None:
    whole, killed = tmp_path / "whole" / "out", tmp_path / "killed" / "out"
    run(whole)
    driver = [sys.executable, str(Path(__file__).with_name("sweep_driver.py"))]
    orders = [1, 2, 7, 9, 3, 4]
    ended = subprocess.run(
        [*driver, str(problems), str(arms), str(killed), str(table)],
        input="".join(f"{k}\n" for k in [*orders, 0]),
        capture_output=True,
        text=True,
        check=True,
    )
    assert [int(line) for line in ended.stdout.split()] == [-9] * len(orders) + [0]
    assert ended.stderr == ""
    assert rows_of(killed) == rows_of(whole)
    for arm in RUN:
        name = folder(canonical(arm))
        for file in ("config.json", "summary.json"):
            assert (killed / name / file).read_bytes() == (whole / name / file).read_bytes()


def test_a_finished_sweep_does_nothing_again(
    run: Sweep, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    run(out)
    before = rows_of(out)
    capsys.readouterr()
    monkeypatch.setattr("compute_router.engines.ScriptedEngine.extend", None)
    assert run(out) == 0
    assert rows_of(out) == before
    printed = capsys.readouterr().out
    assert "solving" not in printed
    assert "27 rows" in printed


def test_arms_can_be_added(run: Sweep, tmp_path: Path) -> None:
    out, few = tmp_path / "out", tmp_path / "few.txt"
    few.write_text("greedy\n")
    run(out, arms=few)
    assert len(rows_of(out)) == 9
    run(out)
    whole = tmp_path / "whole" / "out"
    run(whole)
    assert rows_of(out) == rows_of(whole)


def test_every_arm_goes_on_under_the_prm_that_it_began_with(
    run: Sweep, tmp_path: Path, arms: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last arm began after the PRM had scored for the first ones; alone, it goes on before any score."""
    monkeypatch.setattr("compute_router.factory.Settings.scores", "arithmetic-checker")
    out, last = tmp_path / "out", tmp_path / "last.txt"
    run(out)
    configs = [json.loads((out / folder(canonical(arm)) / "config.json").read_text()) for arm in RUN]
    hashes = {config["prm"]["sha256"] for config in configs}
    assert len(hashes) == 1
    assert None not in hashes
    last.write_text(RUN[-1] + "\n")
    assert run(out, arms=last) == 0


def test_another_seed_is_another_sweep(run: Sweep, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(out)
    before = rows_of(out)
    with pytest.raises(RunError, match="made with another configuration: seed"):
        run(out, seed=1)
    assert rows_of(out) == before


def test_the_time_can_be_up_and_nothing_cut_short_is_kept(
    run: Sweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, out = tmp_path / "whole" / "out", tmp_path / "out"
    run(whole)
    monkeypatch.setattr("compute_router.factory.SCRIPTED_DELAY_S", 0.5)
    assert run(out, deadline_s=0.2) == 1
    manifest = json.loads((out / "sweep.manifest.json").read_text())
    assert manifest["left"] == 27 - len(_rows(out))
    assert manifest["left"] > 0
    monkeypatch.setattr("compute_router.factory.SCRIPTED_DELAY_S", 0.0)
    assert run(out) == 0
    assert rows_of(out) == rows_of(whole)


def _rows(out: Path) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in (out / "sweep.jsonl").read_bytes().split(b"\n") if line]


def test_problems_without_an_answer_are_no_sweep(problems: Path) -> None:
    assert [problem.id for problem in sweepable(read_problems(str(problems)))] == [
        f"sum-{i}" for i in range(9)
    ]
    with pytest.raises(InputError, match="no problem has a reference answer"):
        sweepable([Problem("p", "What is 1 + 1?")])


def test_a_sweep_is_given_its_texts_back() -> None:
    paths = (RecordedPath("1", 0, True), RecordedPath("2", 1, False))
    row = Record("p", "tiny", "majority:n=2", True, params=1000, paths=paths)
    kept = replace(row, problem_id="q", problem="Its own.")
    greedy = replace(row, arm="greedy", paths=paths[:1])
    known = {"policy_model": "tiny", "params": 1000, "n": 2, "n_correct": 1}
    assert list(rollouts([row, kept, greedy], {"p": "A text."})) == [
        {"problem": "A text.", **known},
        {"problem": "Its own.", **known},
    ]
    with pytest.raises(RecordError, match="no text is known for the problem 'p'"):
        list(rollouts([row], {}))


# --- the arms file


def read(folder: Path, text: str, name: str = "arms.txt") -> list[tuple[str, str | None]]:
    path = folder / name
    path.write_text(text)
    return [(arm.spec, arm.by) for arm in read_arms(path)]


def test_lines_and_yaml_say_the_same(tmp_path: Path) -> None:
    listed = "".join(f"- {line}\n" for line in ARMS.strip().split("\n")[1:])
    assert read(tmp_path, listed, "arms.yaml") == read(tmp_path, ARMS)


def test_an_arm_is_implied_by_samples_that_hold_it(tmp_path: Path) -> None:
    big = canonical("best_of_n:n=16")
    text = f"""majority:n=16
majority:n=8
{big}
best_of_n:n=16,aggregate=min
best_of_n:n=2,select=vote
majority:n=32
best_of_n:n=16,reject=0.5
majority:n=4,stop=0.9
best_of_n:n=8,select=weighted,stop=0.9,accept=0.7
best_of_n:n=64,accept=0.7
greedy
best_of_n:n=16
"""
    planned = dict(read(tmp_path, text))
    assert len(planned) == 11
    assert planned["majority:n=16"] == "majority:n=32"
    assert planned["majority:n=8"] in ("majority:n=32", big)
    assert planned[canonical("best_of_n:n=16,aggregate=min")] == big
    assert planned[canonical("best_of_n:n=2,select=vote")] == big
    assert planned["majority:n=4,stop=0.9"] in ("majority:n=32", big)
    assert planned[canonical("best_of_n:n=8,select=weighted,stop=0.9,accept=0.7")] == big
    for run in (
        "majority:n=32",
        big,
        canonical("best_of_n:n=16,reject=0.5"),
        canonical("best_of_n:n=64,accept=0.7"),
        "greedy",
    ):
        assert planned[run] is None


@pytest.mark.parametrize(
    ("name", "text", "what"),
    [
        (
            "arms.txt",
            "greedy\n\n# none\nmajorty:n=4\n",
            r"arms.txt line 4: unknown strategy 'majorty' .*majority",
        ),
        ("arms.txt", "greedy\nmajority:n=0\n", "arms.txt line 2: n=0 is not between 1 and"),
        ("arms.yaml", "- greedy\n-\n  beam:n=x\n", "arms.yaml line 3: n=x is not a whole number"),
        ("arms.yaml", "- greedy\n- [beam]\n", "arms.yaml line 2: a spec is needed"),
        ("arms.yaml", "greedy: 1\n", "must be a list of specs"),
        ("arms.yaml", "- [\n", "is not valid YAML"),
        ("arms.txt", "# nothing\n", "names no arm"),
    ],
)
def test_a_bad_arms_file_is_one_error(tmp_path: Path, name: str, text: str, what: str) -> None:
    with pytest.raises(InputError, match=what):
        read(tmp_path, text, name)


def test_an_arms_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_arms(tmp_path / "none.txt")
