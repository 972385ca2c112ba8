"""Sections for a person: one table a price."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from compute_router.io.display import plain
from compute_router.io.strategy_text import short_name
from compute_router.training.evaluation.gain import Gain
from compute_router.training.evaluation.judge import Judged, Score, Section

__all__ = ["show"]

_COLUMNS = ("policy", "accuracy", "tokens", "PRM tokens", "TFLOPs", "utility", "95 %")
_INDENT = "  "
_WIDEST = 1000


def show(sections: Sequence[Section], console: Console) -> None:
    for section in sections:
        _section(section, console)


def _section(section: Section, console: Console) -> None:
    matrix = section.matrix
    size = "size unknown" if matrix.params is None else f"{matrix.params / 1e9:.2f} B"
    _say(console, f"{matrix.policy_model} ({size}), PRM {matrix.prm or 'none'}", "bold")
    _say(console, f"{len(matrix.problems_P)} problems, {len(matrix.arms_A)} arms, {section.mode}")
    for note in section.notes:
        _say(console, note, "dim")
    if section.skipped:
        left_out = ", ".join(f"{price.value:g}" for price in section.skipped)
        _say(console, f"the log does not count what every arm costs: not judged at {left_out}", "yellow")
    for judged in section.judged:
        _price(judged, console)
    for name, gain in section.gains.items():
        _say(console, _gain("policy model's tokens" if name == "policy" else "tokens with PRM", gain))
    console.print()


def _price(judged: Judged, console: Console) -> None:
    per = "1,000 tokens" if judged.price.unit == "tokens" else "1e12 FLOPs"
    console.print()
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in _COLUMNS:
        table.add_column(column, justify="left" if column == "policy" else "right", no_wrap=True)
    for name, score in judged.policies.items():
        table.add_row(*_row(name, score), style="bold" if name == "router" else "")
    for name, score in sorted(judged.arms.items(), key=lambda one: -one[1].utility):
        table.add_row(*_row(name, score, _INDENT), style="dim")
    _say(console, f"price {judged.price.value:g} per {per}", "bold")
    # Whole, even where the terminal is narrower: names are what a person types.
    table.width = console.measure(table, options=console.options.update(max_width=_WIDEST)).maximum
    console.print(table, crop=False, no_wrap=True, overflow="ignore")
    low, high = judged.difference_interval
    closed = "there is no gap" if judged.gap_closed is None else f"{judged.gap_closed:.1%} of the gap closed"
    _say(
        console,
        f"router - best_fixed_train {judged.difference:+.4f} [{low:+.4f}, {high:+.4f}]; "
        f"regret {judged.regret:.4f}; {closed}",
    )


def _row(name: str, score: Score, indent: str = "") -> tuple[str | Text, ...]:
    low, high = score.intervals["utility"]
    return (
        Text(indent + plain(short_name(name))),
        f"{score.accuracy:.4f}",
        _number(score.tokens),
        _number(score.prm_tokens),
        _number(score.flops / 1e12, 3),
        f"{score.utility:.4f}",
        f"[{low:.3f}, {high:.3f}]",
    )


def _number(value: float, decimals: int = 0) -> str:
    return "-" if math.isnan(value) else f"{value:,.{decimals}f}"


def _gain(measure: str, gain: Gain) -> str:
    peak = (
        f"efficiency gain in {measure}: {gain.majority} peaks at {gain.accuracy:.4f} with {gain.budget:,.0f}"
    )
    if gain.gain is None:
        return f"{peak}; the router does not reach it"
    sign = ">" if gain.at_least else ""
    return f"{peak}, the router with {gain.routed:,.0f}: {sign}{gain.gain:.1f}x"


def _say(console: Console, line: str, style: str = "") -> None:
    console.print(Text(plain(line), style))
