"""Imports run one way: policies <- difficulty <- router <- training (the right imports the left)."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("policies", "difficulty", "router", "training")
MAY_IMPORT = {
    "policies": set(),
    "difficulty": {"policies"},
    "router": {"policies", "difficulty"},
    "training": {"policies", "difficulty", "router"},
}
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


def sources(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def roots(source: Path) -> Iterator[tuple[int, str]]:
    """(line, top-level package) of every import in a file, lazy ones too; a relative one is its own."""
    for node in ast.walk(ast.parse(source.read_bytes())):
        match node:
            case ast.Import(names=names):
                yield from ((node.lineno, name.name.partition(".")[0]) for name in names)
            case ast.ImportFrom(level=level, module=module):
                here = source.relative_to(ROOT).parts[0]
                yield node.lineno, here if level else (module or "").partition(".")[0]
            case ast.Call(func=ast.Name(id=called), args=[ast.Constant(value=str(name)), *_]) if called in (
                "import_module",
                "__import__",
            ):
                yield node.lineno, name.partition(".")[0]


def found(package: str) -> list[tuple[str, int, str]]:
    return [(str(s.relative_to(ROOT)), line, root) for s in sources(package) for line, root in roots(s)]


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_imports_only_what_stands_left_of_it(package: str) -> None:
    allowed = {package, *MAY_IMPORT[package]}
    wrong = [
        (file, line, root)
        for file, line, root in found(package)
        if root in PACKAGES
        and root not in allowed
        # Only the command line may reach training, where a command needs it.
        and not (root == "training" and file.startswith("router/cli/"))
    ]
    assert wrong == []


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
        assert not {name for name in names if name.partition(".")[0] == "training"}, source


def test_nothing_that_ships_imports_the_tests() -> None:
    for package in PACKAGES:
        assert [at for at in found(package) if at[2] in {"tests", "benchmarks", "pytest", "hypothesis"}] == []


def test_the_law_is_held_against_every_package() -> None:
    for package in PACKAGES:
        assert len(sources(package)) > 5
        assert found(package)
