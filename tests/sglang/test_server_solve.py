"""The whole way through the command line over a real server, also over one that dies in between."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from compute_router.cli import main
from support.sglang_cpu.server import Server

SPECS = ("greedy", "best_of_n:n=4", "beam:n=4,m=2", "dvts:n=4,m=2")


@dataclass(frozen=True, slots=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = json.loads(self.out)["results"]
        return rows


Cli = Callable[..., Ran]


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Cli:
    def run(*arguments: str) -> Ran:
        with pytest.raises(SystemExit) as end:
            main(arguments)
        out, err = capsys.readouterr()
        return Ran(int(end.value.code or 0), out, err)

    return run


def over(server: Server) -> tuple[str, ...]:
    return ("--engine", "sglang", "--engine-url", server.url)


@pytest.mark.parametrize("spec", SPECS)
def test_every_kind_of_search(cli: Cli, server: Server, problems: Path, spec: str) -> None:
    arguments = ("solve", str(problems), "--limit", "3", "--strategy", spec, "--budget", "400", "--json")
    ran = cli(*arguments, *over(server))
    assert (ran.code, ran.err) == (0, "")
    assert {row["id"] for row in ran.rows} == {f"p{i}" for i in range(3)}
    for row in ran.rows:
        assert row["error"] is None
        policy = row["ledger"]["policy"]
        assert 0 < policy["generated_tokens"] <= 400
        if spec.startswith(("beam", "dvts")):
            # Many short steps, each on a prefix that the server has.
            assert policy["cached_tokens"] >= 0.9 * policy["prompt_tokens"]
    assert any(row["answer"] in {"40", "41", "42", "43", "44"} for row in ran.rows)


def test_the_table_decides(cli: Cli, server: Server, problems: Path) -> None:
    ran = cli("solve", str(problems), "--limit", "3", "--budget", "200", "--json", *over(server))
    routed = cli("route", str(problems), "--limit", "3", "--budget", "200", "--json", *over(server))
    assert (ran.code, routed.code) == (0, 0)
    decided = {row["id"]: row["decision"] for row in json.loads(routed.out)["decisions"]}
    assert {row["id"]: row["decision"] for row in ran.rows} == decided


def test_doctor_sees_it(cli: Cli, server: Server) -> None:
    ran = cli("doctor", "--engine-url", server.url, "--json")
    [engine] = [row for row in json.loads(ran.out)["findings"] if row["what"] == "engine"]
    assert engine["state"] == "ok"
    assert "Tiny-Qwen2-0.1M" in engine["detail"]


WRONG = {
    "another model": (("--policy-model", "Qwen2.5-7B-Instruct"), "not Qwen2.5-7B-Instruct"),
    "no such PRM": (("--prm", "nobody/knows-it"), "unknown PRM 'nobody/knows-it'"),
    "a PRM that is not served there": (
        ("--prm", "Qwen/Qwen2.5-Math-PRM-7B", "--prm-url", "{url}"),
        "not Qwen/Qwen2.5-Math-PRM-7B",
    ),
    "a PRM that nobody serves": (
        ("--prm", "Qwen/Qwen2.5-Math-PRM-7B", "--prm-url", "http://127.0.0.1:1"),
        "no server answers at http://127.0.0.1:1",
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_one_clear_error(cli: Cli, server: Server, wrong: str) -> None:
    options, message = WRONG[wrong]
    ran = cli("solve", "What is 1 + 1?", *over(server), *(word.format(url=server.url) for word in options))
    assert ran.code == 2
    assert message in ran.err
    assert len(ran.err.splitlines()) == 1


def test_a_problem_beyond_the_context_fails_alone(cli: Cli, server: Server, tmp_path: Path) -> None:
    path = tmp_path / "long.jsonl"
    rows = [{"id": "long", "problem": "1 + " * 3000}, {"id": "short", "problem": "What is 1 + 1?"}]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    ran = cli("solve", str(path), "--strategy", "greedy", "--budget", "100", "--json", *over(server))
    assert ran.code == 1
    errors = {row["id"]: row["error"] for row in ran.rows}
    assert errors["short"] is None
    assert errors["long"]["type"] == "ContextOverflow"


def test_a_server_that_dies_fails_problems_and_the_run_goes_on_once_it_is_back(
    cli: Cli, server: Server, tmp_path: Path
) -> None:
    """Last in its file: it costs a second start."""
    problems = tmp_path / "many.jsonl"
    rows = ({"id": f"p{i}", "problem": f"What is {i} + 30?", "answer": "42"} for i in range(120))
    problems.write_text("".join(json.dumps(row) + "\n" for row in rows))
    out = tmp_path / "run"
    arguments = ("solve", str(problems), "--strategy", "majority:n=2", "--budget", "80", "--out", str(out))
    command = (sys.executable, "-m", "compute_router", *arguments, *over(server))
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 200
        while len(results(out)) < 5:
            assert time.monotonic() < deadline
            assert process.poll() is None, process.communicate()
            time.sleep(0.05)
        server.kill()
        _, err = process.communicate(timeout=100)
    assert process.returncode == 1
    assert "Traceback" not in err
    before = {row["id"]: row for row in results(out)}
    failed = [row["error"] for row in before.values() if row["error"]]
    assert len(before) == 120
    assert 0 < len(failed) < 120
    assert {(error["type"], error["retryable"]) for error in failed} == {("EngineError", True)}

    server.start()
    ran = cli(*arguments, *over(server), "--json")
    assert ran.code == 0
    after = {row["id"]: row for row in results(out)}
    assert len(after) == 120
    assert all(row["error"] is None for row in after.values())
    kept = {name: row for name, row in before.items() if not row["error"]}
    assert {name: after[name] for name in kept} == kept


def results(out: Path) -> list[dict[str, Any]]:
    path = out / "results.jsonl"
    text = path.read_text() if path.exists() else ""
    return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]
