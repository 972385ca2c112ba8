"""Which of its paths an arm would have answered with: the selection code that the search itself runs."""

from __future__ import annotations

from collections.abc import Sequence

from compute_router.policies import Group, Outcome, Path, Step, extract_answer, select
from compute_router.training.sweep.record import RecordedPath

__all__ = ["choose"]


def choose(paths_N: Sequence[RecordedPath], rule: str, aggregate: str) -> int | None:
    """The index of the chosen path, None where no path states an answer."""
    search = select(tuple(_path(i, path) for i, path in enumerate(paths_N)), rule, aggregate)
    ask = next(search)
    assert isinstance(ask, Group)
    try:
        search.send(tuple(path.group for path in paths_N))
    except StopIteration as end:
        outcome: Outcome = end.value
        return outcome.chosen
    raise AssertionError("a selection asks once")


def _path(index: int, path: RecordedPath) -> Path:
    """A path that selection cannot tell from the one in the log."""
    text = ""
    if path.answer is not None:
        text = f"\\boxed{{{path.answer}}}"
        if extract_answer(text) != path.answer:  # unbalanced braces: any name of its class will do
            text = f"\\boxed{{class {path.group}}}"
    logprobs = () if path.logprob is None else (path.logprob,)
    steps = [Step("", (0,), logprobs)] * (max(1, len(path.scores)) - 1)
    return Path((index,), (*steps, Step(text, (0,), logprobs)), path.scores, "stop")
