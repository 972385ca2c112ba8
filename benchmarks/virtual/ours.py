"""The two ends of the real scheduler on the modelled cluster: its engine, its PRM, its grader."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from collections.abc import Sequence as Seq
from typing import Any, Literal

from compute_router.engines.base import Cut, Extension, ModelInfo, Request
from compute_router.ledger import Tokens
from compute_router.policies import Path, Step
from compute_router.scoring import Scored

from .client import ROUND_TRIP_S, request_s
from .cost import POLICY, PRM
from .gpu import Sequence
from .rig import TAG, Rig, text_of
from .walk import same_text
from .world import Node

__all__ = ["SameText", "VirtualEngine", "VirtualScorer"]


class SameText:
    """Groups answers by their text: the world spells each in one way."""

    async def classes(self, answers_N: Seq[str | None]) -> tuple[int | None, ...]:
        return same_text(tuple(answers_N))


WINDOW_S = 0.001
MOST = 32
"""As in router/engines/sglang/calls.py: requests of one moment become a streamed list of at most so many."""


class VirtualEngine:
    """What SGLangEngine does: lists of requests, each member answered as it ends. A cut, or a cancelled
    call, reaches the server as an abort: a request's CPU time and half a round trip later, and there at
    the end of an iteration. `slots` as the scheduler understands them: paths decoded side by side."""

    def __init__(self, rig: Rig, slots: int) -> None:
        self.model = ModelInfo(POLICY.name, int(POLICY.params), 131_072, "modelled")
        self.slots = slots
        self._rig = rig
        self.started: dict[str, float] = {}
        self._waiting: list[asyncio.Future[None]] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> VirtualEngine:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await asyncio.gather(*self._tasks)

    async def encode(self, problem: str, opening: str = "") -> tuple[int, ...]:
        self.started[problem] = asyncio.get_running_loop().time()
        return self._rig.world.root(problem).step.tokens_T

    async def read(self, prompt_T: tuple[int, ...]) -> Tokens:
        await self._rig.cpu.spend(request_s(1))
        await asyncio.sleep(ROUND_TRIP_S / 2)
        root = self._rig.world.at(Request(prompt_T, (), 0, "end", 0, 0.0))
        sequence = self._rig.policy.submit(text_of(root))
        await sequence.done
        await asyncio.sleep(ROUND_TRIP_S / 2)
        return Tokens(sequence.context, sequence.cached)

    async def extend(self, request: Request, cut: Cut | None = None) -> Extension:
        parent = self._rig.world.at(request)
        nodes = self._plan(parent, request)
        await self._sent()
        new = min(request.max_tokens, sum(node.tokens for node in nodes))
        if cut is not None and cut.done():
            return Extension((), "cut", Tokens())
        sequence = self._rig.policy.submit(text_of(parent), new, nodes[-1].id)

        def unwanted(_: object) -> None:
            if not sequence.done.done():
                self._rig.policy.give_up(sequence)
                self._spawn(self._abort(sequence))

        if cut is not None:
            cut.add_done_callback(unwanted)
        try:
            await asyncio.shield(sequence.done)
        except asyncio.CancelledError:
            unwanted(None)
            raise
        finally:
            if cut is not None:
                cut.remove_done_callback(unwanted)
        await asyncio.sleep(ROUND_TRIP_S / 2)
        usage = Tokens(sequence.context, sequence.cached, sequence.written)
        finish: Literal["open", "stop", "length", "cut"] = "stop" if nodes[-1].stops else "open"
        if sequence.written < new:
            finish = "cut"
        elif new < sum(node.tokens for node in nodes):
            finish = "length"
        steps_S, left = [], sequence.written
        for node in nodes:
            if left >= node.tokens:
                steps_S.append(node.step)
            elif left > 0:
                steps_S.append(Step(f"{node.id:x} (cut)", node.step.tokens_T[:left]))
            left -= node.tokens
        return Extension(tuple(steps_S), finish, usage)

    def _plan(self, parent: Node, request: Request) -> list[Node]:
        nodes = [self._rig.world.child(parent, request.seed)]
        while request.until == "end" and not nodes[-1].stops:
            nodes.append(self._rig.world.child(nodes[-1], request.seed))
        return nodes

    async def _sent(self) -> None:
        """Returns once the list that holds this request has come to the server."""
        loop = asyncio.get_running_loop()
        if not self._waiting:
            loop.call_later(WINDOW_S, self._flush)
        there: asyncio.Future[None] = loop.create_future()
        self._waiting.append(there)
        await there

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        for at in range(0, len(waiting), MOST):
            self._spawn(self._call(waiting[at : at + MOST]))

    async def _call(self, members: list[asyncio.Future[None]]) -> None:
        await self._rig.cpu.spend(request_s(len(members)))
        await asyncio.sleep(ROUND_TRIP_S / 2)
        for member in members:
            if not member.done():
                member.set_result(None)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _abort(self, sequence: Sequence) -> None:
        await self._rig.cpu.spend(request_s(1))
        await asyncio.sleep(ROUND_TRIP_S / 2)
        self._rig.policy.abort(sequence)


class VirtualScorer:
    """A PRM on a server that keeps prefixes: only the new step is computed. One list request a batch; a
    request for the problems that are new to it goes ahead, so that their paths find the prompt there."""

    name = "virtual"
    params = int(PRM.params)
    is_baseline = False

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self._seen: set[str] = set()

    async def __aenter__(self) -> VirtualScorer:
        return self

    async def __aexit__(self, *exc: object) -> None:
        return None

    def price(self, problem: str, path: Path) -> int:
        return 0

    async def score(self, batch: Seq[tuple[str, Path]]) -> Seq[Scored]:
        await self._rig.cpu.spend(request_s(len(batch)))
        await asyncio.sleep(ROUND_TRIP_S / 2)
        world, prm = self._rig.world, self._rig.prm
        fresh = {text for text, _ in batch} - self._seen
        self._seen |= fresh
        await asyncio.gather(*(self._prefill(text) for text in sorted(fresh)))
        sequences = [prm.submit(text_of(world.leaf(path), TAG)) for _, path in batch]
        await asyncio.wait([sequence.done for sequence in sequences])  # unlike gather, cancels none of them
        await asyncio.sleep(ROUND_TRIP_S / 2)
        return [
            Scored(
                tuple(world.node(step).score for step in path.steps_S),
                Tokens(sequence.context, sequence.cached),
            )
            for (_, path), sequence in zip(batch, sequences, strict=True)
        ]

    async def _prefill(self, text: str) -> None:
        await self._rig.prm.submit(text_of(self._rig.world.root(text), TAG)).done
        await asyncio.sleep(ROUND_TRIP_S)
