"""Imports run one way: policies <- difficulty <- router <- training <- research."""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import pytest

from support.places import ROOT

ORDER = ("policies", "difficulty", "router", "training", "research")
SHIPPED = ORDER[:-1]
MAY_IMPORT = {folder: set(ORDER[: at + 1]) for at, folder in enumerate(ORDER)}
MAY_IMPORT["difficulty"] = {"difficulty", "policies"}
IMPURE = {
    "asyncio",
    "io",
    "os",
    "pathlib",
    "random",
    "secrets",
    "socket",
    "subprocess",
    "threading",
    "time",
    "uuid",
}
"""What would give a search IO, a clock or randomness of its own."""
SAME_ROLE = {
    "__init__.py",
    "__main__.py",
    "app.py",  # the typer app of a command line
    "base.py",  # the protocol of its package
    "command.py",  # the research command of its package
    "engine.py",  # the Engine protocol, one file an engine
    "errors.py",  # the errors of its package
    "wire.py",  # requests to SGLang as bytes, and back
}
"""File names that mean the same wherever they stand."""


def sources(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def home(module: str, names: tuple[str, ...] = ()) -> set[str]:
    """The folders that an import reaches: compute_router.policies.ask is in policies, and so on."""
    top, _, rest = module.partition(".")
    if top != "compute_router":
        return {top}
    inner = {rest.partition(".")[0]} if rest else set(names)
    return {name if name in SHIPPED else "router" for name in inner} or {"router"}


def reached(source: Path) -> Iterator[tuple[int, str]]:
    """(line, folder or top-level package) of every import, lazy ones too; a relative one is its own."""
    for node in ast.walk(ast.parse(source.read_bytes())):
        match node:
            case ast.Import(names=names):
                yield from ((node.lineno, to) for name in names for to in home(name.name))
            case ast.ImportFrom(level=level, module=module, names=names):
                here = source.relative_to(ROOT).parts[0]
                found = home(module or "", tuple(name.name for name in names))
                yield from ((node.lineno, to) for to in ({here} if level else found))
            case ast.Call(func=ast.Name(id=called), args=[ast.Constant(value=str(name)), *_]) if called in (
                "import_module",
                "__import__",
            ):
                yield from ((node.lineno, to) for to in home(name))


def found(folder: str) -> list[tuple[str, int, str]]:
    return [(str(s.relative_to(ROOT)), line, to) for s in sources(folder) for line, to in reached(s)]


@pytest.mark.parametrize("folder", ORDER)
def test_a_folder_imports_only_what_stands_left_of_it(folder: str) -> None:
    wrong = [
        (file, line, to)
        for file, line, to in found(folder)
        if to in ORDER
        and to not in MAY_IMPORT[folder]
        # Only the command line may reach training, where a command needs it.
        and not (to == "training" and file.startswith("router/cli/"))
    ]
    assert wrong == []


@pytest.mark.parametrize("folder", [*ORDER, "tests", "benchmarks"])
def test_the_folders_are_imported_as_compute_router_alone(folder: str) -> None:
    """Else a user's own `router` or `training` would be taken for ours."""
    for source in sources(folder):
        for node in ast.walk(ast.parse(source.read_bytes())):
            match node:
                case ast.Import(names=names):
                    tops = {name.name.partition(".")[0] for name in names}
                case ast.ImportFrom(level=0, module=str(module)):
                    tops = {module.partition(".")[0]}
                case _:
                    continue
            assert not tops & set(SHIPPED), f"{source}:{node.lineno}"


def test_policies_imports_the_standard_library_alone() -> None:
    assert [at for at in found("policies") if at[2] not in {*sys.stdlib_module_names, "policies"}] == []


def test_policies_has_no_io_no_clock_and_no_randomness() -> None:
    assert [at for at in found("policies") if at[2] in IMPURE] == []
    calls = [
        (str(source.relative_to(ROOT)), node.lineno)
        for source in sources("policies")
        for node in ast.walk(ast.parse(source.read_bytes()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("open", "print", "input")
    ]
    assert calls == []


def test_the_command_line_reaches_training_only_inside_functions() -> None:
    for source in sources("router/cli"):
        top = [
            node
            for node in ast.parse(source.read_bytes()).body
            if isinstance(node, ast.Import | ast.ImportFrom)
        ]
        names = {name.name for node in top if isinstance(node, ast.Import) for name in node.names}
        names |= {node.module or "" for node in top if isinstance(node, ast.ImportFrom)}
        assert not {name for name in names if "training" in home(name)}, source


def test_nothing_that_ships_imports_the_tests() -> None:
    for folder in ORDER:
        assert [at for at in found(folder) if at[2] in {"tests", "benchmarks", "pytest", "hypothesis"}] == []


def test_the_law_is_held_against_every_folder() -> None:
    for folder in ORDER:
        assert len(sources(folder)) > 5
        assert found(folder)
    assert ("router/cli/sweep.py", "training") in {(file, to) for file, _, to in found("router")}


def test_the_wheel_lists_every_package() -> None:
    packages = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"])
    there = {"compute_router.configs"}
    for folder in SHIPPED:
        for init in (ROOT / folder).rglob("__init__.py"):
            inner = init.parent.relative_to(ROOT / folder).parts
            there.add(".".join(("compute_router", *(() if folder == "router" else (folder,)), *inner)))
    assert packages == there


def test_no_two_files_of_one_name_mean_different_things() -> None:
    files = sorted(
        (source for folder in ORDER for source in sources(folder) if source.name not in SAME_ROLE),
        key=lambda source: source.name,
    )
    named = {name: list(group) for name, group in groupby(files, key=lambda source: source.name)}
    assert {name for name, group in named.items() if len(group) > 1} == {
        # A verb's file on the command line is named after the file that does it.
        "calibrate.py",
        "train_prm.py",
    }
