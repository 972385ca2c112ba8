"""`python -m research`: how it refuses, and that every command that is named anywhere is one of its."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from compute_router.cli.app import UsageError
from research.__main__ import main
from research.app import app
from research.schemas import SCHEMAS, write_schemas
from support.places import ROOT

GROUP: Any = typer.main.get_command(app)
NAMED = re.compile(r"python -m research ((?:\\\n|[^\n`\"#|;>$]|\$(?=\w))+)")
"""A command: to the end of its line, or of the next one after a backslash."""
HEAVY = {"numpy", "sklearn", "scipy", "skops", "aiohttp", "xllamacpp", "compute_router.training"}


def documents() -> list[Path]:
    files = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "configs").rglob("*.json")]
    for folder in ("research", "router", "training", "difficulty", "policies"):
        files += (ROOT / folder).rglob("*.manifest.json")
        files += (ROOT / folder).rglob("*.py")
    return sorted(files)


def named() -> Iterator[tuple[str, str, bool]]:
    """(file, command, whether it is there to be run as it stands: a block of a document)"""
    for file in documents():
        text = file.read_text("utf-8")
        for found in NAMED.finditer(text):
            line = text[text.rfind("\n", 0, found.start()) + 1 : found.start()]
            whole = file.suffix == ".md" and line.startswith("    ") and "`" not in line
            command = found[1].replace("\\\n", " ").replace("[", "").replace("]", "")
            if file.suffix == ".py":  # the rest is put in when it runs; the manifests have it whole
                command = command.partition("{")[0]
            for one in command.split(" && python -m research "):
                if one.strip():
                    yield str(file.relative_to(ROOT)), one.strip().rstrip(".,:)"), whole


def checked(words: list[str], *, whole: bool) -> None:
    """Raises click's UsageError where there is no such command or option; with `whole` also where a value
    is wrong or missing."""
    if words == ["--help"]:
        return
    name, command, rest = GROUP.resolve_command(GROUP.context_class(GROUP), words)
    if whole:
        command.make_context(name, list(rest))
    else:
        command.make_parser(command.context_class(command)).parse_args(args=list(rest))


def code_of(*arguments: str) -> int:
    with pytest.raises(SystemExit) as end:
        main(arguments)
    return int(end.value.code or 0)


def test_every_command_named_anywhere_is_one() -> None:
    found = list(named())
    for file, command, whole in found:
        try:
            checked(shlex.split(command), whole=whole)
        except UsageError as error:
            pytest.fail(f"{file}: {command}: {error.format_message()}")
    assert sum(whole for *_, whole in found) > 30
    assert {command.split()[0] for _, command, _ in found} >= set(GROUP.commands)


@pytest.mark.parametrize(
    "command",
    ["no-such-command", "results --no-such-option x", "workload pilot --data", "difficulty --without a b"],
)
def test_the_check_sees_a_wrong_command(command: str) -> None:
    with pytest.raises(UsageError):
        checked(command.split(), whole=True)


def test_nothing_is_run_as_a_module_of_the_package() -> None:
    for file in documents():
        assert "python -m compute_router.training" not in " ".join(file.read_text("utf-8").split()), file


def test_every_part_of_research_names_its_command() -> None:
    parts = [path for path in (ROOT / "research").iterdir() if (path / "__init__.py").is_file()]
    assert len(parts) > 5
    for part in parts:
        text = (part / "__init__.py").read_text("utf-8")
        assert any(f"python -m research {name}`" in text for name in GROUP.commands), part


@pytest.mark.parametrize("arguments", [["--help"], ["fit-rows", "--help"]], ids=" ".join)
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    program = (
        "import sys\nfrom research.__main__ import main\n"
        f"try:\n    main({arguments!r})\n"
        "except SystemExit as end:\n    print(end.code or 0, *sys.modules, file=sys.stderr)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    code, *modules = ended.stderr.split()
    assert code == "0"
    assert "Usage: python -m research" in ended.stdout
    assert not HEAVY & set(modules)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("results nowhere.jsonl", "nowhere.jsonl"),
        ("again nowhere.jsonl --out out", "nowhere.jsonl"),
        ("export-sweep nowhere --out out.jsonl", "nowhere"),
        ("merge-sweeps nowhere --arms arms.txt --out out", "nowhere"),
        ("archive-pack nowhere --out out.xz", "nowhere"),
        ("archive-unpack nowhere.xz --out out", "nowhere.xz is no archive"),
        ("rejoin-texts nowhere.jsonl --data nowhere --out out.jsonl", "nowhere"),
        (
            "workload no-such --data nowhere --out out.jsonl",
            "no workload is called 'no-such': there",
        ),
        ("workload pilot --data nowhere --out out.jsonl", "nowhere"),
        ("arithmetic --terms many", "'many' is no range of whole numbers"),
        ("arithmetic --terms 8-2", "'8-2' is no range of whole numbers"),
        ("arithmetic --terms 1", "at least two terms"),
        ("fit-rows nowhere.jsonl --table table.json", "nowhere.jsonl"),
        ("difficulty --data nowhere --without no-such", "no workload is called 'no-such'"),
        ("difficulty --data nowhere --annotations-only --report", "--annotations-only knows of no outcomes"),
        ("difficulty --data nowhere --encoder-dir nowhere", "model.onnx is missing"),
        ("probe --data nowhere", "nowhere"),
        ("public-sweeps --data nowhere", "nowhere"),
        ("public-records --data nowhere --out out", "nowhere"),
        ("simulation --tables 0", "--tables"),
        ("schemas --out nowhere", "nowhere"),
        ("export-sweep --out out.jsonl", "Missing argument 'SWEEP...'"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    arguments: str,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert code_of(*arguments.split()) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("python -m research: error: ")
    assert err.count("\n") == 1
    assert message in err
    assert list(tmp_path.iterdir()) == []


def test_an_option_given_again_has_all_its_values(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from research.difficulty import command as difficulty
    from research.probe import command as probe
    from research.public import command as public

    seen: dict[str, Any] = {}
    monkeypatch.setattr(difficulty, "fit_difficulty", lambda data, **given: seen.update(given))
    monkeypatch.setattr(probe, "fit_probe", lambda data, **given: seen.update(given))
    monkeypatch.setattr(public, "judge_public", lambda data, seeds: seen.update(seeds=list(seeds)))
    data = f" --data {tmp_path}"
    several = "--without pilot --without prm --rollouts a --rollouts b"
    assert code_of(*f"difficulty {several}{data}".split()) == 0
    assert code_of(*f"probe --sweeps c --sweeps d --seed 4{data}".split()) == 0
    assert code_of(*f"public-sweeps --seeds 1 --seeds 2{data}".split()) == 0
    assert seen["without"] == ["pilot", "prm"]
    assert seen["rollouts"] == [Path("a"), Path("b")]
    assert seen["sweeps"] == [Path("c"), Path("d")]
    assert (seen["seeds"], seen["seed"]) == ([1, 2], 4)
    assert code_of(*f"public-sweeps{data}".split()) == 0
    assert seen["seeds"] == [0]


def test_a_slice_that_differs_is_exit_code_1(monkeypatch: pytest.MonkeyPatch) -> None:
    from research.results import again

    monkeypatch.setattr(again, "again", lambda *args, **given: 1)
    assert code_of("again", "sweep.jsonl", "--out", "out") == 1


def test_schemas_that_ship_are_those_of_the_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_schemas(tmp_path)
    assert len(capsys.readouterr().out.splitlines()) == len(SCHEMAS)
    for name in SCHEMAS:
        assert (tmp_path / name).read_bytes() == (ROOT / "configs" / name).read_bytes()
