"""The plot: both formats, the same bytes again, and a clear word where matplotlib is absent."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from compute_router.decide.price import Price
from compute_router.errors import RouterError
from compute_router.training.evaluation.crossfit import crossfit
from compute_router.training.evaluation.folds import folds, identities
from compute_router.training.evaluation.judge import Section, judge
from compute_router.training.evaluation.plot import plot, unequalled
from support.evaluation_kit import knows, simulated


@pytest.fixture(scope="module")
def section() -> Section:
    matrix, bin_P = simulated(300, tokens=(200.0, 1500.0))
    fold_P = folds(identities(matrix), 5, 0)
    return judge(crossfit(matrix, fold_P, knows(bin_P, fold_P), 0), [Price(0), Price(0.03)], 0)


def test_svg_and_png_of_every_section(section: Section, tmp_path: Path) -> None:
    other = replace(section, matrix=replace(section.matrix, params=None))
    written = plot([section, other], tmp_path / "deep" / "qwen2.5")
    assert [path.name for path in written] == [
        "qwen2.5.svg", "qwen2.5.png", "qwen2.5-2.svg", "qwen2.5-2.png",
    ]  # fmt: skip
    drawn = written[0].read_text()
    assert "router over prices" in drawn or "<svg" in drawn
    assert written[1].read_bytes()[:4] == b"\x89PNG"


def test_the_same_figure_is_the_same_file(section: Section, tmp_path: Path) -> None:
    first, second = (plot([section], tmp_path / name / "x.svg")[0].read_bytes() for name in "ab")
    assert first == second
    assert b"majority:n=4" in first or b"<svg" in first


def test_an_arm_that_a_cheaper_one_equals_has_no_name() -> None:
    arms = {"a": (100.0, 0.3), "b": (200.0, 0.3), "c": (300.0, 0.5), "d": (400.0, 0.4), "e": (100.0, 0.2)}
    arms["f"] = (500.0, 0.504)  # half a point is nothing to name
    assert unequalled(arms) == ["a", "c", "e"]


def test_without_matplotlib_it_says_what_to_install(
    section: Section, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(RouterError, match=r"compute-router\[report\]"):
        plot([section], tmp_path / "x")
    assert list(tmp_path.iterdir()) == []
