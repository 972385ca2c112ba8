"""The Engine protocol over a recording."""

from __future__ import annotations

from router.engines.base import Cut, Extension, Request
from router.engines.replay.recording import Recorded, Recording
from router.errors import InputError
from router.ledger import Tokens

__all__ = ["ReplayEngine"]

SLOTS = 256


class ReplayEngine:
    """Replies as they were recorded, token for token on the bill, whatever order they are asked for in.

    A seed is a function of (run seed, problem, sample), so the samples of a run are those of every strategy
    that takes as many or fewer one by one: early stops, votes and best-of-N by any PRM are exactly what a run
    of their own would give, but for the engine's own rounding. Prompts are not tokens here: `encode` returns
    the problem's number, as often as its prompt had tokens.

    What was not recorded (steps of a tree, another problem id, more samples, a smaller budget) is an
    InputError. It ends the problem, where an EngineError would end the path alone: a strategy that lost a
    part of its paths is not what the row would call it.
    """

    def __init__(self, recording: Recording) -> None:
        self.model = recording.model
        self.recording = recording.sha256
        self.slots = SLOTS
        self._problems = list(recording.problems.values())
        self._numbers = {text: number for number, text in enumerate(recording.problems)}

    async def __aenter__(self) -> ReplayEngine:
        return self

    async def __aexit__(self, *exc: object) -> None:
        return None

    async def encode(self, problem: str) -> tuple[int, ...]:
        number = self._numbers.get(problem)
        if number is None:
            raise InputError("the recording does not have this problem")
        # One at least, or the number would be lost.
        return (number,) * max(1, self._problems[number].prompt_tokens)

    async def read(self, prompt_T: tuple[int, ...]) -> Tokens:
        return Tokens()

    async def extend(self, request: Request, cut: Cut | None = None) -> Extension:
        if cut is not None and cut.done():
            return Extension((), "cut", Tokens())
        recorded = self._problems[request.prompt_T[0]]
        if request.until == "step" or request.path_T:
            raise InputError("a recording has whole solutions: what grows step by step cannot be replayed")
        return _fitting(recorded, request)


def _fitting(recorded: Recorded, request: Request) -> Extension:
    reply = recorded.replies.get((request.seed, request.temperature == 0))
    if reply is None:
        raise InputError(
            f"the recording has {len(recorded.replies)} solutions of this problem, and not this sample"
        )
    if reply.usage.generated > request.max_tokens:
        raise InputError(
            f"the recorded solution has {reply.usage.generated} tokens, {request.max_tokens} were allowed: "
            "a recording cannot be cut"
        )
    return reply
