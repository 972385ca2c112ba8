"""What is shipped: the wheel's contents, its version, and that a user's own folders cannot shadow it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import tomllib
from importlib import metadata
from pathlib import Path
from zipfile import ZipFile

import pytest

import compute_router
from support.places import ROOT

OURS = ("router", "policies", "difficulty", "training", "configs", "research", "tests")
VERSION = compute_router.__version__
BUILD = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from links to the checkout, so that no build/ is left there, by the setuptools installed here."""
    source = tmp_path_factory.mktemp("source")
    for name in (*OURS, "pyproject.toml", "README.md", "LICENSE"):
        (source / name).symlink_to(ROOT / name)
    built = tmp_path_factory.mktemp("built")
    subprocess.run([sys.executable, "-c", BUILD, str(built)], cwd=source, check=True, capture_output=True)
    (path,) = built.iterdir()
    return path


@pytest.fixture(scope="module")
def shipped(wheel: Path) -> list[str]:
    with ZipFile(wheel) as archive:
        return archive.namelist()


@pytest.fixture(params=["wheel", "checkout"])
def installed(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Where compute_router is installed: the wheel in a folder of its own, or the editable checkout."""
    if request.param == "checkout":
        return ROOT
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target")
    target = tmp_path / "site"
    subprocess.run([*pip, str(target), str(request.getfixturevalue("wheel"))], check=True)
    return target


def test_the_wheel_holds_one_package(shipped: list[str]) -> None:
    assert {name.split("/")[0] for name in shipped} == {
        "compute_router",
        f"compute_router-{VERSION}.dist-info",
    }
    inner = {name.split("/")[1] for name in shipped if name.startswith("compute_router/")}
    assert {"policies", "difficulty", "training", "configs", "cli"} <= inner
    assert not {"research", "tests", "router", "benchmarks"} & inner


def test_the_wheel_holds_all_code_and_data_that_run(shipped: list[str]) -> None:
    def files(folder: str, pattern: str) -> set[str]:
        inner = "compute_router" if folder == "router" else f"compute_router/{folder}"
        found = (path for path in (ROOT / folder).rglob(pattern) if path.is_file())
        return {f"{inner}/{path.relative_to(ROOT / folder).as_posix()}" for path in found}

    code = [files(folder, "*.py") for folder in ("router", "policies", "difficulty", "training")]
    data = {name for name in files("configs", "*") if not name.endswith((".md", ".pyc"))}
    assert set().union(*code, data) <= set(shipped)
    assert {
        "compute_router/py.typed",
        "compute_router/configs/table.json",
        "compute_router/configs/difficulty/predictor.skops",
        "compute_router/configs/problems/demo.jsonl",
    } <= set(shipped)


def test_a_users_folders_do_not_shadow_ours(installed: Path, tmp_path: Path) -> None:
    """In a folder with a router/, training/ and so on of its own, which fail where they are imported."""
    theirs = tmp_path / "project"
    for name in OURS:
        (theirs / name).mkdir(parents=True)
        (theirs / name / "__init__.py").write_text(f"raise SystemExit('imported the user\\'s {name}')\n")
    places = [str(theirs), *([str(installed)] if installed != ROOT else [])]
    env = os.environ | {"PYTHONPATH": os.pathsep.join(places)}

    def run(*command: str) -> str:
        ran = subprocess.run(command, cwd=theirs, env=env, capture_output=True, text=True)
        assert ran.returncode == 0, ran.stderr + ran.stdout
        return ran.stdout

    modules = "compute_router.cli.app, compute_router.policies, compute_router.training.sweep.record"
    where = run(sys.executable, "-c", f"import compute_router, {modules}; print(compute_router.__file__)")
    assert Path(where.strip()).is_relative_to(installed)
    assert run(sys.executable, "-m", "compute_router", "--version") == f"compute-router {VERSION}\n"
    scripts = installed / "bin" if installed != ROOT else Path(sysconfig.get_path("scripts"))
    routed = run(str(scripts / "compute-router"), "route", "Compute 1 + 2.", "--json")
    assert json.loads(routed)["decisions"][0]["decision"]["strategy"]


def test_the_version_is_said_in_one_place() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert project["project"]["dynamic"] == ["version"]
    assert project["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "router.version.__version__"}
    assert metadata.version("compute-router") == VERSION, "install again: make test"
    headings = [line for line in (ROOT / "CHANGELOG.md").read_text().splitlines() if line.startswith("## ")]
    assert headings[0] == f"## {VERSION}"
    assert f"\nversion: {VERSION}\n" in (ROOT / "CITATION.cff").read_text()


def test_the_version_loads_nothing_else() -> None:
    program = (
        "import sys, compute_router; compute_router.__version__;"
        "print(*(name for name in sys.modules if name.startswith('compute_router')))"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert set(ran.stdout.split()) == {"compute_router", "compute_router.version"}


def test_the_lock_names_no_host_and_covers_what_is_asked_for() -> None:
    lock = (ROOT / "requirements" / "ci.txt").read_text()
    assert "://" not in lock
    assert not [line for line in lock.splitlines() if line.startswith("-")]
    pinned = {line.split("==")[0] for line in lock.splitlines() if line and line[0] not in " #"}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    names = {text.split(">")[0].split("=")[0].lower() for text in asked}
    assert names <= pinned
