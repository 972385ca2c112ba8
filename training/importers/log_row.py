"""What a format's reader makes of a log, before anything in it is believed."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["LogPath", "LogRow"]


@dataclass(frozen=True, slots=True)
class LogPath:
    """One solution as the log has it. `answer` and `correct` are the log's own: `answer` counts only where
    no answer can be read in its `text`, `correct` only where there is nothing to grade. `tokens`: None where
    unknown. `scores` may still lie outside [0, 1]."""

    text: str | None = None
    answer: str | None = None
    correct: bool | None = None
    tokens: int | None = None
    scores: tuple[float, ...] = ()
    logprob: float | None = None


@dataclass(frozen=True, slots=True)
class LogRow:
    """One arm on one problem as the log has it; `place` is where it stands, for messages.

    `select` and `aggregate` are how the arm chooses among its `paths` (policies.select). `text`, `answer`
    and `correct` are the log's own, for the row as a whole, where it does not keep the paths. `candidates`:
    how many a tree search generates a step, None for whole solutions. `settled`: the paths' correctness
    comes from the grader that we use ourselves, and is taken over. `named`: the log itself, and not its path
    on disk, names the policy model.
    """

    place: str
    problem_id: str | None
    policy_model: str | None
    arm: str
    problem: str | None = None
    gold: str | None = None
    level: int | None = None
    params: int | None = None
    prm: str | None = None
    prm_params: int | None = None
    seed: int | None = None
    paths: tuple[LogPath, ...] = ()
    select: str = "vote"
    aggregate: str = "last"
    text: str | None = None
    answer: str | None = None
    correct: bool | None = None
    settled: bool = False
    candidates: int | None = None
    named: bool = False
    tokens: int | None = None
    prompt_tokens: int | None = None
    prm_tokens: int | None = None
    seconds: float | None = None
    source: str = ""
    versions: dict[str, str] = field(default_factory=dict)
