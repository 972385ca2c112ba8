"""What a person sees while problems are solved: a line a problem, progress on a terminal, then the bill."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from compute_router.io.display import plain
from compute_router.io.result_row import ResultRow, TokensRow
from compute_router.io.strategy_text import short_name
from compute_router.io.summary import Summary
from compute_router.pipeline import Router

__all__ = ["Report"]

_VERDICTS = {True: ("right", "green"), False: ("wrong", "red"), None: ("-", "dim")}


class Report:
    """A context manager that owns the terminal. `quiet` prints nothing at all (for --json)."""

    def __init__(self, problems: int, *, quiet: bool) -> None:
        self._console = Console(quiet=quiet, highlight=False, emoji=False, soft_wrap=True)
        self._problems = problems
        self._done = 0
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            console=self._console,
            transient=True,
            disable=quiet or not self._console.is_terminal,
        )
        self._task = self._progress.add_task("starting", total=None, rate="")
        self._fetching = ""

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def download(self, what: str, done: int, total: int) -> None:
        """Progress of the weights, in bytes; where there is no terminal, one line a file."""
        if what != self._fetching:
            self._fetching = what
            if not self._console.is_terminal:
                self._console.print(Text(plain(f"{what} ({total / 1e6:.0f} MB)")))
        self._progress.update(
            self._task,
            description=plain(what),
            completed=done / 1e6,
            total=total / 1e6 or None,
            rate="MB",
        )

    def start(self, router: Router, *, already: int) -> None:
        model = router.engine.model
        note = ", a baseline and no learned PRM" if router.scorer.is_baseline else ""
        self._console.print(
            Text(
                plain(
                    f"policy model {model.name} ({model.params / 1e9:.2f} B), PRM {router.scorer.name}{note}"
                )
            )
        )
        if already:
            self._console.print(f"{already} of {self._problems} problems were done before; going on")
        self._done = already
        self._progress.reset(
            self._task, description="solving", total=self._problems, completed=already, rate=""
        )

    def result(self, row: ResultRow) -> None:
        """One line: id, difficulty, strategy, answer, verdict, tokens, seconds, problem."""
        self._done += 1
        decision, ledger = row["decision"], row["ledger"]
        line = Text(f"{self._done:>4}/{self._problems} ")
        line.append(f"{plain(row['id'], 16):<16} ", "bold")
        if decision is not None:
            label = decision["label"]
            arm = plain(short_name(decision["strategy"]), 40)
            line.append(f"{label:<6} {decision['difficulty'][label]:4.2f}  {arm:<28} ")
        if row["error"] is not None:
            line.append(plain(f"{row['error']['type']}: {row['error']['message']}", 160), "red")
        else:
            verdict, style = _VERDICTS[row["correct"]]
            line.append(f"{plain(row['answer'] or 'no answer', 14):<14} ")
            line.append(f"{verdict:<5} ", style)
            line.append(f"{ledger['policy']['generated_tokens']:>6} tokens {ledger['seconds']:>6.1f} s  ")
            line.append(plain(row["problem"], 60), "dim")
        self._progress.console.print(line)
        if row["degraded"] is not None:
            self._progress.console.print(Text(plain(f"      degraded: {row['degraded']}", 160), "yellow"))
        speed = self._progress.tasks[0].speed
        self._progress.update(
            self._task, completed=self._done, rate=f"{60 * speed:.1f} a minute" if speed else ""
        )

    def finish(self, summary: Summary, seconds: float, *, left: int) -> None:
        """Accuracy by strategy, then the bill. `left` problems were not started."""
        self._progress.stop()
        show = self._console.print
        table = Table(box=None, pad_edge=False, header_style="bold")
        for column in ("strategy", "problems", "right", "tokens a problem"):
            table.add_column(column, justify="left" if column == "strategy" else "right")
        for name, tally in summary["strategies"].items():
            right = f"{tally['correct']}/{tally['graded']}" if tally["graded"] else "-"
            tokens = f"{tally['generated_tokens'] / tally['problems']:,.0f}"
            table.add_row(Text(plain(short_name(name), 80)), str(tally["problems"]), right, tokens)
        show()
        show(table)
        show()
        counted = (
            f"{summary['problems']} problems, {summary['answered']} answered, {summary['failed']} failed"
        )
        if summary["accuracy"] is not None:
            counted += f"; accuracy {summary['correct']}/{summary['graded']} = {summary['accuracy']:.1%}"
        show(counted)
        if left:
            show(f"{left} problems not started: the session's cap was reached", style="yellow")
        bill = summary["ledger"]
        policy, prm, flops = bill["policy"], bill["prm"], bill["flops"]
        show(f"policy model  {_tokens(policy)}")
        show(f"PRM           {_tokens(prm)}")
        show(
            f"FLOPs         {flops['policy_only']:.2e} policy model's output alone (as the paper counts), "
            f"{flops['policy_prm']:.2e} with prompts and PRM, {flops['net']:.2e} net of cached prefixes"
        )
        show(f"time          {seconds:.1f} s in this session")


def _tokens(tokens: TokensRow) -> str:
    return (
        f"{tokens['generated_tokens']:,} tokens generated, {tokens['prompt_tokens']:,} read, "
        f"of which {tokens['cached_tokens']:,} cached"
    )
