"""The Engine protocol over a recording."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from compute_router.engines.base import Cut, Extension, Request
from compute_router.engines.replay.recording import Recorded, Recording
from compute_router.errors import InputError
from compute_router.execute.seeds import seed_of
from compute_router.ledger import Tokens
from compute_router.policies import Key, Step

__all__ = ["ReplayEngine"]

SLOTS = 256


class ReplayEngine:
    """Replies as they were recorded, token for token on the bill, whatever order they are asked for in.

    A seed is a function of (run seed, problem, sample), so the samples of a run are those of every strategy
    that takes as many or fewer one by one: early stops, votes and best-of-N by any PRM are exactly what a run
    of their own would give, but for the engine's own rounding. Prompts are not tokens here: `encode` returns
    the problem's number, as often as its prompt had tokens.

    A lone chain that grows step by step, as one that may be dropped does, is a recorded sample, step after
    step. Its own run would have drawn the like: there every step has a seed of its own.

    What was not recorded (siblings of one step, another problem id, more samples, a smaller budget) is an
    InputError. It ends the problem, where an EngineError would end the path alone: a strategy that lost a
    part of its paths is not what the row would call it.
    """

    def __init__(self, recording: Recording) -> None:
        self.model = recording.model
        self.recording = recording.sha256
        self.slots = SLOTS
        self._problems = list(recording.problems.values())
        self._numbers = {text: number for number, text in enumerate(recording.problems)}
        self._seed = recording.seed

    async def __aenter__(self) -> ReplayEngine:
        return self

    async def __aexit__(self, *exc: object) -> None:
        return None

    async def encode(self, problem: str, opening: str = "") -> tuple[int, ...]:
        if opening:
            raise InputError("what is begun for the policy model, as a direct answer is, cannot be replayed")
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
        if request.until == "end" and not request.path_T:
            whole = _sample(recorded, request.seed, greedy=request.temperature == 0)
            _fits(whole.usage.generated, request)
            return whole
        return self._step(recorded, request)

    def _step(self, recorded: Recorded, request: Request) -> Extension:
        """One step more of the sample that the path is the beginning of."""
        greedy = request.temperature == 0
        if request.path_T:
            child = request.path_T[0] - 1
            whole = _sample(
                recorded, seed_of(self._seed, recorded.problem_id, Key(0, (), child)), greedy=greedy
            )
            had = _steps_in(whole.steps_S, len(request.path_T))
            # One extension a step: so its name, and the seed with it, is that of a chain without siblings.
            name = Key(0, (child, *(0,) * (had - 1)), 0)
            if request.until == "end" or request.seed != seed_of(self._seed, recorded.problem_id, name):
                raise InputError(
                    "a recording has lone samples: what branches step by step cannot be replayed"
                )
        else:
            whole, had = _sample(recorded, request.seed, greedy=greedy), 0
        step = whole.steps_S[had]
        _fits(len(step.tokens_T), request)
        read = len(request.prompt_T) + len(request.path_T)
        cached = read if request.path_T else whole.usage.cached
        finish = whole.finish if had + 1 == len(whole.steps_S) else "open"
        return Extension((step,), finish, Tokens(read, cached, len(step.tokens_T)))


def _steps_in(steps_S: Sequence[Step], tokens: int) -> int:
    """How many steps the first so many tokens are."""
    for at, until in enumerate(accumulate(len(step.tokens_T) for step in steps_S), 1):
        if until == tokens:
            return at
    raise InputError("the path is not the beginning of a recorded sample")


def _sample(recorded: Recorded, seed: int, *, greedy: bool) -> Extension:
    reply = recorded.replies.get((seed, greedy))
    if reply is None:
        raise InputError(
            f"the recording has {len(recorded.replies)} solutions of this problem, and not this sample"
        )
    return reply


def _fits(tokens: int, request: Request) -> None:
    if tokens > request.max_tokens:
        raise InputError(
            f"the recorded {'step' if request.until == 'step' else 'solution'} has {tokens} tokens, "
            f"{request.max_tokens} were allowed: a recording cannot be cut"
        )
