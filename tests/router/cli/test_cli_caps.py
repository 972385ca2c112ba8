"""Deadlines and caps by the command line: who is left, what the exit code says, how a run goes on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from router_kit import Cli

SCRIPTED = ("--engine", "scripted")


@pytest.fixture
def problems(tmp_path: Path) -> str:
    path = tmp_path / "in.jsonl"
    rows = [{"id": f"p{i}", "problem": f"Compute {i} + {i}.", "answer": str(2 * i)} for i in range(40)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def test_a_session_that_reached_its_cap_says_how_many_are_left(cli: Cli, problems: str) -> None:
    ran = cli("solve", problems, *SCRIPTED, "--strategy", "majority:n=4", "--total-budget", "1500", "--json")
    assert ran.code == 1
    document = ran.document
    assert 0 < document["left"] < 40
    assert len(document["results"]) == 40 - document["left"]
    spent = sum(row["ledger"]["policy"]["generated_tokens"] for row in document["results"])
    assert spent <= 1500


def test_the_same_run_goes_on_without_the_cap(cli: Cli, problems: str, tmp_path: Path) -> None:
    command = ("solve", problems, *SCRIPTED, "--strategy", "greedy", "--out", str(tmp_path / "run"))
    first = cli(*command, "--total-budget", "600")
    assert first.code == 1
    assert "not started: the session's cap was reached" in first.out
    second = cli(*command)
    assert second.code == 0
    rows = [json.loads(line) for line in (tmp_path / "run" / "results.jsonl").read_text().split("\n") if line]
    assert sorted(row["id"] for row in rows) == sorted(f"p{i}" for i in range(40))


def test_a_deadline_is_part_of_a_run(cli: Cli, problems: str, tmp_path: Path) -> None:
    command = ("solve", problems, *SCRIPTED, "--strategy", "greedy", "--out", str(tmp_path / "run"))
    assert cli(*command, "--deadline", "60").code == 0
    assert "deadline_s" in cli(*command, "--deadline", "61").refusal


@pytest.mark.parametrize("option", ["--deadline", "--total-deadline"])
@pytest.mark.parametrize("given", ["0", "-1", "nan"])
def test_a_deadline_is_a_time(cli: Cli, problems: str, option: str, given: str) -> None:
    assert (
        "deadline is a number of seconds above 0" in cli("solve", problems, *SCRIPTED, option, given).refusal
    )


def test_a_search_that_changes_its_mind_says_so(cli: Cli, problems: str) -> None:
    ran = cli("solve", problems, *SCRIPTED, "--strategy", "reroute:n=8,m=2,probe=6", "--json")
    assert ran.code == 0
    said = {row["rerouted"] for row in ran.document["results"]}
    assert all(" after 6 samples: " in word for word in said)
    assert len(said) > 1
