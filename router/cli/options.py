"""The options that commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

Input = Annotated[
    str,
    typer.Argument(
        metavar="INPUT",
        help="A problem's text, - for standard input, or a JSONL or CSV file with 'problem' or 'question', "
        "optionally 'id' and 'answer'.",
        show_default=False,
    ),
]
StrategyOption = Annotated[
    str,
    typer.Option(
        metavar="auto|SPEC",
        help="auto asks the table; SPEC is a short name (greedy, direct, vote-8, best-of-8+backtrack, "
        "weighted-8+early, beam-16) or a spec (best_of_n:n=8,select=weighted,aggregate=min).",
    ),
]
Budget = Annotated[
    int | None,
    typer.Option(
        metavar="TOKENS", min=1, max=10**15, help="Cap on the tokens of each problem.", show_default=False
    ),
]
AverageBudget = Annotated[
    float | None,
    typer.Option(
        metavar="TOKENS",
        min=1,
        help="Tokens a problem on average: who gets how many is decided for all problems together.",
        show_default=False,
    ),
]
PriceOption = Annotated[
    float | None,
    typer.Option(
        "--price",
        metavar="P",
        min=0,
        help="Accuracy that 1,000 tokens (or 1e12 FLOPs) must be worth; the table's own without.",
        show_default=False,
    ),
]
PriceUnit = Annotated[Literal["tokens", "flops"], typer.Option(help="What --price is paid for.")]
Deadline = Annotated[
    float | None,
    typer.Option(metavar="SECONDS", help="Cap on the time of each problem.", show_default=False),
]
TotalBudget = Annotated[
    int | None,
    typer.Option(metavar="TOKENS", min=1, help="Cap on the tokens of this session.", show_default=False),
]
TotalDeadline = Annotated[
    float | None,
    typer.Option(metavar="SECONDS", help="Cap on the time of this session.", show_default=False),
]
PolicyModelOption = Annotated[
    str | None,
    typer.Option(
        metavar="M",
        help="A known name, a .gguf file or a hub id (owner/repo/file.gguf); for SGLang, what it serves.",
        show_default=False,
    ),
]
Prm = Annotated[
    str | None,
    typer.Option(
        metavar="P",
        help="What scores steps: arithmetic-checker (default of the embedded models), logprob-baseline, "
        "a hub id or a folder.",
        show_default=False,
    ),
]
EngineOption = Annotated[
    Literal["embedded", "torch", "sglang", "replay", "scripted"],
    typer.Option(help="Who runs the policy model; replay answers from runs that were recorded."),
]
Recordings = Annotated[
    list[Path] | None,
    typer.Option(
        "--recording",
        metavar="DIR",
        help="A run or sweep directory whose samples are replayed; again for each further one.",
        show_default=False,
    ),
]
EngineUrls = Annotated[
    list[str] | None,
    typer.Option(
        "--engine-url",
        metavar="URL",
        help="An SGLang server of the policy model; again for each further one. Without: in this program.",
        show_default=False,
    ),
]
PrmUrls = Annotated[
    list[str] | None,
    typer.Option(
        "--prm-url",
        metavar="URL",
        help="An SGLang server of the PRM; again for each further one.",
        show_default=False,
    ),
]
Limit = Annotated[
    int | None, typer.Option(min=1, help="Only the first so many problems.", show_default=False)
]
TableOption = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Another strategy table.", show_default=False)
]
PredictorOption = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Another difficulty predictor.", show_default=False)
]
Seed = Annotated[int, typer.Option(min=0, help="Seed of the run.")]
Json = Annotated[bool, typer.Option("--json", help="Only JSON on standard output.")]
