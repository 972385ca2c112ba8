"""Accuracy against tokens and against FLOPs: fixed arms, their frontier, the router over prices, oracles.

Needs matplotlib (the `report` extra). Drawn without a display; equal sections give equal SVG bytes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from compute_router.errors import RouterError
from compute_router.io.strategy_text import short_name
from compute_router.training.evaluation.judge import Score, Section

__all__ = ["FORMATS", "plot", "unequalled"]

FORMATS = ("svg", "png")
_MEASURES = (
    ("tokens", "tokens a problem (policy model and PRM)"),
    ("flops", "FLOPs a problem (both models)"),
)
_NEAR = 0.005
_ORACLES = (("oracle_bin", "s"), ("oracle_problem", "*"), ("paper_rule", "X"), ("best_fixed_train", "P"))


def plot(sections: Sequence[Section], path: Path) -> list[Path]:
    """Write PATH.svg and PATH.png, PATH-2 and so on for further sections; the files written.

    Raises RouterError where matplotlib is not installed or a file cannot be written.
    """
    try:
        import matplotlib
        from matplotlib.figure import Figure
    except ImportError as error:
        raise RouterError(
            "a plot needs matplotlib, which is not installed: pip install 'compute-router[report]'"
        ) from error
    # Anything else that looks like a suffix belongs to the name: "qwen2.5".
    stem = path.with_suffix("") if path.suffix[1:] in FORMATS else path
    written = []
    for number, section in enumerate((one for one in sections if one.judged), 1):
        figure = Figure(figsize=(13, 6), layout="constrained")
        for axes, (measure, label) in zip(figure.subplots(1, 2), _MEASURES, strict=True):
            _draw(axes, section, measure, label)
        handles, names = figure.axes[0].get_legend_handles_labels()
        figure.legend(handles, names, fontsize=8, loc="outside lower center", ncols=4)
        name = stem.name if number == 1 else f"{stem.name}-{number}"
        # A fixed salt and no date: the same figure is the same file.
        with matplotlib.rc_context({"svg.hashsalt": "compute-router"}):
            for form in FORMATS:
                at = stem.with_name(f"{name}.{form}")
                try:
                    at.parent.mkdir(parents=True, exist_ok=True)
                    figure.savefig(at, format=form, dpi=120, metadata={"Date": None} if form == "svg" else {})
                except OSError as error:
                    raise RouterError(f"the plot {at} cannot be written: {error.strerror}") from error
                written.append(at)
    return written


def _draw(axes: Any, section: Section, measure: str, label: str) -> None:
    matrix = section.matrix
    axes.set_title(
        f"{matrix.policy_model}, PRM {matrix.prm or 'none'}, {len(matrix.problems_P)} problems", fontsize=9
    )
    axes.set_xlabel(label)
    axes.set_ylabel("accuracy")
    first = section.judged[0]
    fixed = {arm: (_spent(score, measure), score.accuracy) for arm, score in first.arms.items()}
    known = {arm: at for arm, at in fixed.items() if _drawable(at[0])}
    if not known:
        axes.text(0.5, 0.5, "not counted in this log", ha="center", transform=axes.transAxes)
        return
    axes.set_xscale("log")
    _ticks(axes.xaxis)
    axes.scatter(*zip(*known.values(), strict=True), s=18, color="0.45", label="fixed arms")
    for arm in unequalled(known):
        axes.annotate(
            _plain(arm), known[arm], fontsize=6, color="0.35", xytext=(5, -3), textcoords="offset points"
        )
    for points, style, name in (
        (section.frontier, {"color": "0.6", "linestyle": "--"}, "best fixed arms (hindsight)"),
        (section.curve, {"color": "C0", "marker": "o", "markersize": 3}, "router over prices"),
    ):
        line: list[tuple[float, float]] = sorted((getattr(one, measure), one.accuracy) for one in points)
        line = [at for at in line if _drawable(at[0])]
        if line:
            axes.plot(*zip(*line, strict=True), label=name, linewidth=1.2, **style)
    for colour, (name, marker) in enumerate(_ORACLES, 1):
        score = first.policies[name]
        if _drawable(spent := _spent(score, measure)):
            axes.scatter(
                [spent], [score.accuracy], marker=marker, color=f"C{colour}", s=40,
                label=f"{name} (price {first.price.value:g})",
            )  # fmt: skip
    axes.margins(x=0.12)


def _spent(score: Score, measure: str) -> float:
    return score.flops if measure == "flops" else score.tokens + score.prm_tokens


def _drawable(value: float) -> bool:
    """On a logarithmic axis."""
    return math.isfinite(value) and value > 0


def unequalled(known: Mapping[str, tuple[float, float]]) -> list[str]:
    """Of arms with (spent, accuracy) those that nothing cheaper comes within half a point of: the names of
    all would cover each other."""
    return [
        arm
        for arm, (spent, accuracy) in known.items()
        if all(accuracy > other + _NEAR for cost, other in known.values() if cost < spent)
    ]


def _ticks(axis: Any) -> None:
    """1, 2, 5 and their tens: the powers of ten alone are too few, and all minor ones would run together."""
    ticker = import_module("matplotlib.ticker")
    axis.set_major_locator(ticker.LogLocator(10, subs=(1, 2, 5)))
    axis.set_major_formatter(ticker.EngFormatter(sep=""))
    axis.set_minor_formatter(ticker.NullFormatter())


def _plain(arm: str) -> str:
    """Short enough for a plot. matplotlib reads what stands between dollar signs as a formula."""
    return short_name(arm).replace("$", r"\$")
