"""Bad input through the command line: one clear error, or one failed row among solved ones."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from router_kit import Cli

from compute_router.io.data_files import data_path

GOOD = json.dumps({"problem": "Compute 1 + 1."})


def put(folder: Path, content: str | bytes, name: str = "in.jsonl") -> str:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


def table(easy: str) -> str:
    row = {"kind": "rule", "id": "a", "source": "b", "size": "<7B", "medium": "greedy", "hard": "greedy"}
    return json.dumps({"schema_version": 3, "price": 0, "rows": [row | {"easy": easy}]})


def predictor(folder: Path, change: Callable[[bytes], bytes]) -> str:
    copy = folder / "predictor"
    shutil.copytree(data_path("difficulty/manifest.json").parent, copy)
    file = copy / "predictor.skops"
    file.write_bytes(change(file.read_bytes()))
    return str(copy)


def flipped(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


def is_flag(*flags: str) -> Callable[[Path], list[str]]:
    return lambda folder: [put(folder, GOOD), *flags]


def is_file(content: str | bytes, name: str = "in.jsonl") -> Callable[[Path], list[str]]:
    return lambda folder: [put(folder, content, name)]


def with_file(flag: str, content: str | bytes, name: str) -> Callable[[Path], list[str]]:
    return lambda folder: [put(folder, GOOD), flag, put(folder, content, name)]


def with_predictor(change: Callable[[bytes], bytes]) -> Callable[[Path], list[str]]:
    return lambda folder: [put(folder, GOOD), "--predictor", predictor(folder, change)]


REFUSED: dict[str, tuple[Callable[[Path], list[str]], str]] = {
    "empty": (is_file(""), "it is empty"),
    "blank lines": (is_file("\n \r\n"), "it is empty"),
    "only a BOM": (is_file(b"\xef\xbb\xbf"), "it is empty"),
    "no problem field": (is_file('{"text": "x"}'), "line 1: no field 'problem' or 'question'"),
    "broken JSON": (is_file(f"{GOOD}\n" * 6 + '{"problem": "x\n' + GOOD), "line 7: not valid JSON"),
    "deep JSON": (is_file("[" * 100_000), "nested too deep"),
    "not UTF-8": (is_file(GOOD.encode() + b"\n\xff"), "line 2: not UTF-8"),
    "ids twice": (is_file('{"id": 1, "problem": "a"}\n{"id": "1", "problem": "b"}'), "already that of"),
    "csv": (is_file('problem\n"a"b"\n', "in.csv"), "line 2: not valid CSV"),
    "missing": (lambda folder: [str(folder / "none.jsonl")], "no such file"),
    "directory": (lambda folder: [str(folder)], "is a directory"),
    "strategy": (is_flag("--strategy", "best-of-m:n=4"), "did you mean best_of_n?"),
    "strategy's parameter": (is_flag("--strategy", "majority:m=4"), "has no parameter m; it takes n"),
    "n=0": (is_flag("--strategy", "majority:n=0"), "n=0 is not between 1 and"),
    "n=10^9": (is_flag("--strategy", "majority:n=1000000000"), "n=1000000000 is not between 1 and"),
    "n of a million digits": (is_flag("--strategy", "majority:n=" + "9" * 10**6), "not a whole number"),
    "control characters": (is_flag("--strategy", "majority:n=\x1b[31m"), "not a whole number"),
    "budget 0": (is_flag("--budget", "0"), "--budget"),
    "budget of words": (is_flag("--budget", "much"), "--budget"),
    "limit 0": (is_flag("--limit", "0"), "--limit"),
    "engine": (
        is_flag("--engine", "steam"),
        "not one of 'embedded', 'torch', 'sglang', 'replay', 'scripted'",
    ),
    "flag": (is_flag("--bugdet", "3"), "--bugdet"),
    "PRM": (is_flag("--prm", "oracle"), "unknown PRM 'oracle'; known: "),
    "policy model of the scripted engine": (is_flag("--policy-model", "0.5b"), "leave out --policy-model"),
    "table's strategy": (with_file("--table", table("beem:n=4,m=2"), "t.json"), "did you mean beam?"),
    "table that is no JSON": (with_file("--table", "price: 1", "t.yaml"), "not JSON"),
    "table with an escape": (with_file("--table", table("majority:n=\x1b[31m"), "t.json"), "rule.easy: "),
    "no table": (is_flag("--table", "/nowhere/table.json"), "cannot be read"),
    "table for other sizes": (
        with_file("--table", table("greedy").replace("<7B", "72B+"), "t.json"),
        "no row for scripted",
    ),
    "predictor with a flipped bit": (with_predictor(flipped), "is not the file that its manifest names"),
    "predictor cut off": (with_predictor(lambda data: data[:1000]), "is not the file that its manifest"),
    "no predictor": (is_flag("--predictor", "/nowhere"), "manifest"),
    "run that is a file": (with_file("--out", "", "run"), "cannot be used"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("as_json", [False, True], ids=["text", "json"])
def test_bad_input_is_one_error_and_exit_code_2(name: str, as_json: bool, cli: Cli, tmp_path: Path) -> None:
    arguments, says = REFUSED[name]
    given = arguments(tmp_path)
    if "--engine" not in given:
        given += ["--engine", "scripted"]
    refusal = cli("solve", *given, *(["--json"] if as_json else [])).refusal
    assert says in refusal
    assert len(refusal.splitlines()) == 1
    assert refusal.isprintable()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"no model at all", "is not a GGUF file"),
        (b"", "is not a GGUF file"),
        (b"GGUF" + bytes(range(256)) * 8, "damaged GGUF file"),
        (b"GGUF\3\0\0\0" + b"\xff" * 16, "damaged GGUF file"),
        (b"GGUF\3\0\0\0", "damaged GGUF file"),
    ],
    ids=["text", "empty", "noise", "huge counts", "cut off"],
)
def test_a_corrupt_policy_model_is_one_error(
    content: bytes, says: str, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMPUTE_ROUTER_CACHE", str(tmp_path / "cache"))
    model = put(tmp_path, content, "model.gguf")
    for command in ("solve", "route"):
        assert says in cli(command, put(tmp_path, GOOD), "--policy-model", model, "--json").refusal


@pytest.mark.parametrize("model", ["./nowhere.gguf", "no-such-model"])
def test_an_unknown_policy_model_is_one_error(
    model: str, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMPUTE_ROUTER_CACHE", str(tmp_path / "cache"))
    assert model.strip("./") in cli("solve", put(tmp_path, GOOD), "--policy-model", model).refusal


def test_a_directory_as_policy_model_is_one_error(cli: Cli, tmp_path: Path) -> None:
    assert "is a folder" in cli("solve", put(tmp_path, GOOD), "--policy-model", str(tmp_path)).refusal


def test_nothing_at_all_shows_the_help(cli: Cli) -> None:
    ran = cli()
    assert ran.code == 2
    assert "Commands:" in ran.out + ran.err


# --- rows

BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "NUL": ({"problem": "a \0 b"}, "a NUL or a lone surrogate"),
    "surrogate": ({"problem": "a \ud800 b"}, "a NUL or a lone surrogate"),
    "1 MB": ({"problem": "1 + " * 250_000}, "1,000,000 characters"),
    "number": ({"problem": 7}, "holds a number, not text"),
    "empty": ({"problem": " "}, "text is empty"),
    "gold list": ({"problem": "x", "answer": ["1"]}, "holds a list"),
}


@pytest.mark.parametrize("out", [False, True], ids=["no run", "run"])
def test_bad_rows_fail_alone(cli: Cli, tmp_path: Path, out: bool) -> None:
    rows: list[dict[str, Any]] = []
    for name, (fields, _) in BROKEN.items():
        rows += [{"id": name, **fields}, {"id": f"beside {name}", "problem": f"Compute {len(rows)} + 1."}]
    source = put(tmp_path, "\n".join(map(json.dumps, rows)))
    run = ["--out", str(tmp_path / "run")] if out else []
    for _ in range(2 if out else 1):  # the second run has nothing left to do, and says the same
        ran = cli("solve", source, "--engine", "scripted", "--strategy", "greedy", "--json", *run)
        assert (ran.code, ran.err) == (1, "")
        results = {row["id"]: row for row in ran.document["results"]}
        assert len(results) == len(ran.document["results"]) == len(rows)
        assert ran.document["summary"]["failed"] == len(BROKEN)
        for name, (_, says) in BROKEN.items():
            assert says in results[name]["error"]["message"]
            assert results[name]["error"]["type"] == "InputError"
            assert results[f"beside {name}"]["error"] is None
            assert results[f"beside {name}"]["answer"] is not None
    if out:
        assert len((tmp_path / "run" / "results.jsonl").read_text().splitlines()) == len(rows)


def test_a_problem_larger_than_the_context_fails_alone(cli: Cli, tmp_path: Path) -> None:
    source = put(tmp_path, GOOD + "\n" + json.dumps({"id": "long", "problem": "1 + " * 20_000}))
    ran = cli("solve", source, "--engine", "scripted", "--strategy", "majority:n=2", "--json")
    errors = {row["id"]: row["error"] for row in ran.document["results"]}
    long = errors.pop("long")
    assert (ran.code, list(errors.values())) == (1, [None])
    assert (long["type"], long["retryable"]) == ("ContextOverflow", False)


def test_a_byte_order_mark_and_crlf_are_read(cli: Cli, tmp_path: Path) -> None:
    source = put(tmp_path, b'\xef\xbb\xbf{"problem": "Compute 1 + 1."}\r\n\r\n{"question": "And 2 + 2?"}\r\n')
    ran = cli("solve", source, "--engine", "scripted", "--strategy", "greedy", "--json")
    assert ran.code == 0
    assert {row["problem"] for row in ran.document["results"]} == {"Compute 1 + 1.", "And 2 + 2?"}


def test_route_decides_for_good_rows_beside_bad_ones(cli: Cli, tmp_path: Path) -> None:
    source = put(tmp_path, json.dumps({"id": "bad", "problem": "\0"}) + "\n" + GOOD)
    ran = cli("route", source, "--engine", "scripted", "--json")
    bad, good = ran.document["decisions"]
    assert (ran.code, ran.err) == (1, "")
    assert (bad["decision"], good["error"]) == (None, None)
    assert good["decision"]["table_row"] == "paper/<7B/" + good["decision"]["label"]


def test_a_problem_from_standard_input(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    for data, count in ((b"Compute 1 + 1.", 1), (GOOD.encode() + b"\r\n" + GOOD.encode(), 2)):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        ran = cli("solve", "-", "--engine", "scripted", "--strategy", "greedy", "--json")
        assert ran.code == 0
        assert [row["problem"] for row in ran.document["results"]] == ["Compute 1 + 1."] * count


# --- as a process


def test_the_exit_code_reaches_the_shell(tmp_path: Path) -> None:
    program = [sys.executable, "-c", "from compute_router.cli import main; main()"]
    ended = subprocess.run([*program, "solve", put(tmp_path, "")], capture_output=True, text=True)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("compute-router: error: ")
    assert len(ended.stderr.splitlines()) == 1
