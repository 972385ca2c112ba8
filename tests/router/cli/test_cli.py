"""What the commands print, and what of it a terminal would obey."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from router_kit import Cli, untimed

import compute_router
from compute_router import ScriptedEngine
from compute_router.engines.base import Extension, Request
from compute_router.io.data_files import data_path
from compute_router.ledger import Tokens
from compute_router.policies import Step

HEAVY = {"numpy", "sklearn", "skops", "scipy", "rich.progress", "aiohttp", "yaml", "xllamacpp"}
SCRIPTED = ("--engine", "scripted")


def source(folder: Path, *rows: dict[str, Any]) -> str:
    path = folder / "in.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)) + "\n")
    return str(path)


def answering(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    async def script(request: Request) -> Extension:
        return Extension((Step(text, (1, 2, 3)),), "stop", Tokens(5, 0, 3))

    monkeypatch.setattr(
        import_module("compute_router.factory"), "ScriptedEngine", partial(ScriptedEngine, script=script)
    )


# --- help


@pytest.mark.parametrize("command", [[], ["solve"], ["route"], ["doctor"]], ids=lambda c: "".join(c) or "all")
def test_help_loads_nothing_heavy(command: list[str]) -> None:
    program = (
        "import sys\nfrom compute_router.cli import main\n"
        f"try:\n    main({[*command, '--help']!r})\n"
        "except SystemExit as end:\n    print(end.code, *sys.modules, file=sys.stderr)"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    code, *modules = ended.stderr.split()
    assert code == "0"
    assert "Usage: compute-router" in ended.stdout
    # typer 0.29 itself loads pydantic for the options of a command.
    assert not (HEAVY if command else HEAVY | {"pydantic"}) & set(modules)


def test_version(cli: Cli) -> None:
    ran = cli("--version")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == f"compute-router {compute_router.__version__}\n"


# --- solve


def test_a_line_a_problem_then_the_bill(cli: Cli, tmp_path: Path) -> None:
    rows = [{"id": f"p{i}", "problem": f"Compute {i} + 1.", "answer": i + 1} for i in range(3)]
    ran = cli("solve", source(tmp_path, *rows), *SCRIPTED, "--strategy", "majority:n=2")
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert lines[0] == ("policy model scripted (0.50 B), PRM logprob-baseline, a baseline and no learned PRM")
    for number, line in enumerate(sorted(lines[1:4]), 1):
        assert line.startswith(f"   {number}/3 p")
        assert " vote-2 " in line
        assert " tokens " in line
        assert any(f" {verdict} " in line for verdict in ("right", "wrong"))
    assert "3 problems, 3 answered, 0 failed; accuracy " in ran.out
    assert "tokens generated" in ran.out
    assert "FLOPs" in ran.out


def test_what_a_model_writes_is_shown_and_never_obeyed(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for answer, shown in (
        ("\x1b[31m7", " 7 "),
        ("[red]7[/red]", "[red]7[/red]"),
        ("[/]7", "[/]7"),
        ("<script>7", "<script>7"),
        (":smile:", ":smile:"),
        ("7\x07\x9b2J\u202e", " 7 "),
    ):
        answering(monkeypatch, f"\\boxed{{{answer}}}")
        hostile = {"id": "\x1b]0;x\x07[blink]", "problem": "\x1b[2J[bold]Compute"}
        ran = cli("solve", source(tmp_path, hostile), *SCRIPTED, "--strategy", "greedy")
        assert (ran.code, ran.err) == (0, "")
        assert shown in ran.out
        assert "[blink]" in ran.out
        assert "[bold]Compute" in ran.out
        assert all(char.isprintable() or char == "\n" for char in ran.out)
        document = cli("solve", source(tmp_path, hostile), *SCRIPTED, "--strategy", "greedy", "--json")
        assert document.document["results"][0]["answer"] == answer  # JSON has the text as it is
        assert document.out.replace("\n", "").isprintable() or "\u202e" in answer or "\x9b" in answer


def test_what_a_table_says_is_shown_and_never_obeyed(cli: Cli, tmp_path: Path) -> None:
    row = {"kind": "rule", "id": "[/x]\x1b[31m", "source": "[red]me", "size": "<7B"}
    rule = row | dict.fromkeys(("easy", "medium", "hard"), "greedy")
    table = tmp_path / "table.json"
    table.write_text(json.dumps({"schema_version": 3, "price": 0, "rows": [rule]}))
    ran = cli("route", "Compute 1 + 1.", *SCRIPTED, "--table", str(table))
    assert (ran.code, ran.err) == (0, "")
    assert "[/x]" in ran.out
    assert "[red]me" in ran.out
    assert "\x1b" not in ran.out


def test_json_is_one_document_with_all_rows(cli: Cli, tmp_path: Path) -> None:
    rows = [{"id": f"p{i}", "problem": f"Compute {i} + 1."} for i in range(20)]
    ran = cli("solve", source(tmp_path, *rows), *SCRIPTED, "--limit", "5", "--json")
    assert (ran.code, ran.err) == (0, "")
    assert {row["id"] for row in ran.document["results"]} == {f"p{i}" for i in range(5)}
    assert ran.document["summary"]["problems"] == 5


def test_route_explains_what_solve_then_does(cli: Cli, tmp_path: Path) -> None:
    rows = [
        {"id": "a", "problem": "Compute 1 + 1."},
        {"id": "b", "problem": "Let $p$ be a prime. For how many integers $n$ is $x^5 - nx + p$ reducible?"},
    ]
    routed = cli("route", source(tmp_path, *rows), *SCRIPTED, "--json").document["decisions"]
    solved = cli("solve", source(tmp_path, *rows), *SCRIPTED, "--json").document["results"]
    assert {row["id"]: row["decision"] for row in routed} == {row["id"]: row["decision"] for row in solved}
    text = cli("route", source(tmp_path, *rows), *SCRIPTED).out
    for row in routed:
        assert row["decision"]["strategy"] in text
        assert row["decision"]["table_row"] in text


def test_doctor_names_a_broken_table(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMPUTE_ROUTER_CACHE", str(tmp_path))
    (tmp_path / "table.json").write_text("{}")
    ran = cli("doctor", "--table", str(tmp_path / "table.json"), "--json")
    found = {finding["what"]: finding["state"] for finding in ran.document["findings"]}
    assert ran.code == 2
    assert (found["table"], found["predictor"], found["python"]) == ("broken", "ok", "ok")


# --- runs


@pytest.fixture
def problems(tmp_path: Path) -> str:
    return source(tmp_path, *({"id": f"p{i}", "problem": f"Compute {i} + 1.", "answer": 3} for i in range(8)))


def run_rows(run: Path) -> dict[str, Any]:
    rows = [untimed(json.loads(line)) for line in (run / "results.jsonl").read_text().splitlines()]
    assert len({row["id"] for row in rows}) == len(rows)
    return {row["id"]: row for row in rows}


def test_a_run_holds_what_is_printed(cli: Cli, problems: str, tmp_path: Path) -> None:
    ran = cli("solve", problems, *SCRIPTED, "--out", str(tmp_path / "run"), "--json")
    assert run_rows(tmp_path / "run") == {row["id"]: untimed(row) for row in ran.document["results"]}
    assert json.loads((tmp_path / "run" / "summary.json").read_text()) == ran.document["summary"]


def test_a_resumed_run_equals_an_undisturbed_one(cli: Cli, problems: str, tmp_path: Path) -> None:
    whole, resumed = tmp_path / "whole", tmp_path / "resumed"
    cli("solve", problems, *SCRIPTED, "--out", str(whole))
    cli("solve", problems, *SCRIPTED, "--out", str(resumed))
    lines = (resumed / "results.jsonl").read_bytes().splitlines(keepends=True)
    (resumed / "results.jsonl").write_bytes(b"".join(lines[:3]) + lines[3][:40])
    (resumed / "summary.json").unlink()
    ran = cli("solve", problems, *SCRIPTED, "--out", str(resumed))
    assert ran.code == 0
    assert "3 of 8 problems were done before; going on" in ran.out
    assert run_rows(resumed) == run_rows(whole)
    assert (resumed / "summary.json").read_bytes() == (whole / "summary.json").read_bytes()


def test_a_finished_run_is_not_done_again(cli: Cli, problems: str, tmp_path: Path) -> None:
    first = cli("solve", problems, *SCRIPTED, "--out", str(tmp_path / "run"), "--json")
    before = (tmp_path / "run" / "results.jsonl").read_bytes()
    again = cli("solve", problems, *SCRIPTED, "--out", str(tmp_path / "run"), "--json")
    assert again == first
    assert (tmp_path / "run" / "results.jsonl").read_bytes() == before


@pytest.mark.parametrize(
    ("flags", "names"),
    [
        (["--seed", "1"], "seed"),
        (["--strategy", "greedy"], "strategy, table_sha256"),
        (["--budget", "50", "--seed", "3"], "budget, seed"),
        (["--limit", "7"], "input.problems, input.sha256"),
    ],
)
def test_a_changed_setting_is_refused(
    flags: list[str], names: str, cli: Cli, problems: str, tmp_path: Path
) -> None:
    run = ["--out", str(tmp_path / "run")]
    cli("solve", problems, *SCRIPTED, *run)
    before = (tmp_path / "run" / "results.jsonl").read_bytes()
    refusal = cli("solve", problems, *SCRIPTED, *run, *flags, "--json").refusal
    assert f"another configuration: {names};" in refusal
    assert (tmp_path / "run" / "results.jsonl").read_bytes() == before


def test_the_same_strategy_spelled_otherwise_is_the_same_run(cli: Cli, problems: str, tmp_path: Path) -> None:
    run = ["--out", str(tmp_path / "run")]
    for strategy in ("best_of_n:n=2", "best_of_n:aggregate=last,n=2"):
        assert cli("solve", problems, *SCRIPTED, *run, "--strategy", strategy).code == 0


@pytest.mark.parametrize(("strategy", "goes_on"), [("best_of_n:n=2", True), ("auto", False)])
def test_a_new_table_ends_the_runs_that_ask_it_and_no_others(
    strategy: str, goes_on: bool, cli: Cli, problems: str, tmp_path: Path
) -> None:
    table = tmp_path / "table.json"
    table.write_bytes(data_path("table.json").read_bytes())
    run = ["--out", str(tmp_path / "run"), "--strategy", strategy, "--table", str(table)]
    assert cli("solve", problems, *SCRIPTED, *run).code == 0
    table.write_bytes(table.read_bytes() + b"\n")
    again = cli("solve", problems, *SCRIPTED, *run)
    if goes_on:
        assert again.code == 0
    else:
        assert "another configuration: table_sha256;" in again.refusal


def test_a_full_disk_is_one_error_and_the_run_goes_on_later(cli: Cli, problems: str, tmp_path: Path) -> None:
    run = tmp_path / "run"
    cli("solve", problems, *SCRIPTED, "--out", str(tmp_path / "whole"), "--strategy", "greedy")
    command = ("solve", problems, *SCRIPTED, "--out", str(run), "--strategy", "greedy")
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, hard))
    try:
        refusal = cli(*command, "--json").refusal
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    assert "results.jsonl cannot be written" in refusal
    assert len(refusal.splitlines()) == 1
    assert 0 < len(run_rows(run)) < 8
    assert cli(*command).code == 0
    assert run_rows(run) == run_rows(tmp_path / "whole")


def test_a_failure_that_may_mend_is_owed_again(
    cli: Cli, problems: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from compute_router.errors import EngineError

    down = True

    async def script(request: Request) -> None:
        if down and request.prompt_T[8] == ord("5") + 1:
            raise EngineError("the engine is away")

    monkeypatch.setattr("compute_router.execute.retry.FIRST_WAIT_S", 0.0)
    monkeypatch.setattr(
        import_module("compute_router.factory"), "ScriptedEngine", partial(ScriptedEngine, script=script)
    )
    command = ("solve", problems, *SCRIPTED, "--out", str(tmp_path / "run"), "--strategy", "greedy", "--json")
    ran = cli(*command)
    failed = [row for row in ran.document["results"] if row["error"]]
    assert (ran.code, [row["id"] for row in failed], failed[0]["error"]["retryable"]) == (1, ["p5"], True)
    down = False
    mended = cli(*command)
    assert (mended.code, mended.document["summary"]["failed"]) == (0, 0)
    assert set(run_rows(tmp_path / "run")) == {f"p{i}" for i in range(8)}


def test_a_run_in_use_is_refused(cli: Cli, problems: str, tmp_path: Path) -> None:
    import fcntl

    (tmp_path / "run").mkdir()
    with (tmp_path / "run" / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        refusal = cli("solve", problems, *SCRIPTED, "--out", str(tmp_path / "run"), "--json").refusal
    assert "another process is writing" in refusal


def test_the_seed_and_nothing_else_changes_the_rows(cli: Cli, problems: str) -> None:
    def rows(*flags: str) -> dict[str, Any]:
        found = cli("solve", problems, *SCRIPTED, "--json", *flags).document["results"]
        return {row["id"]: untimed(row) for row in found}

    assert rows() == rows("--seed", "0") != rows("--seed", "1")


@pytest.mark.parametrize("strategy", ["vote-2", "majority:n=2"])
def test_a_strategy_is_given_by_its_short_name_or_its_spec(cli: Cli, tmp_path: Path, strategy: str) -> None:
    given = source(tmp_path, {"id": "p", "problem": "Compute 1 + 1."})
    ran = cli("solve", given, *SCRIPTED, "--strategy", strategy, "--json")
    assert json.loads(ran.out)["results"][0]["decision"]["strategy"] == "majority:n=2"
