"""The peers' patterns of execution, each a small driver of the same searches.

Read from their sources (November 2026): huggingface/search-and-learn, RyanLiu112/compute-optimal-tts,
openreasoner/openr, Red-Hat-AI-Innovation-Team/its_hub, thu-wyz/rebase. What is not settled there is settled
in the peer's favour: policy servers keep prefixes, and nobody's own Python is charged beyond its requests.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from compute_router.policies import Extend, Path, Score

from .client import ROUND_TRIP_S, SYNC_REQUEST_S, request_s
from .gpu import Sequence as Request
from .rig import TAG, Rig, text_of
from .walk import Branch, Open, Walk
from .world import Node

__all__ = ["ItsHub", "Pattern", "Rebase", "SearchAndLearn", "Workers"]


@dataclass(frozen=True, slots=True)
class Pattern:
    """`in_flight` problems side by side. `prm_radix` is false where the PRM server keeps no prefixes."""

    in_flight: int
    prm_radix: ClassVar[bool] = True

    async def run(self, rig: Rig, walks: Sequence[Walk]) -> None:
        """Every walk to its end: as one ends, the next one starts."""
        waiting = iter(walks)

        async def worker() -> None:
            for walk in waiting:
                await self.solve(rig, walk)

        await asyncio.gather(*(worker() for _ in range(self.in_flight)))

    async def solve(self, rig: Rig, walk: Walk) -> None:
        raise NotImplementedError

    def judge(self, walk: Walk, path: Path) -> Path:
        """`path` with the PRM's scores."""
        return walk.scored(path)


@dataclass(frozen=True, slots=True)
class Lockstep(Pattern):
    """Problems move step by step together: all write, and when the last has written all are scored."""

    async def advance(self, rig: Rig, walks: Sequence[Walk]) -> None:
        """`walks` to their ends."""
        opened = _opened(walks)
        while opened:
            writes = [(walk, to, ask) for walk, to, ask in opened if isinstance(ask, Extend)]
            reads = [(walk, to, ask) for walk, to, ask in opened if isinstance(ask, Score)]
            opened = []
            if writes:
                await self.write(rig, [(walk.parent(ask), walk.child(ask)) for walk, _, ask in writes])
                for walk, to, ask in writes:
                    walk.give(to, walk.grown(ask))
                opened = _opened(walks)
                reads += [(walk, to, ask) for walk, to, ask in opened if isinstance(ask, Score)]
                opened = [one for one in opened if isinstance(one[2], Extend)]
            if reads:
                await self.read(rig, [walk.leaf(ask.path) for walk, _, ask in reads])
                for walk, to, asked in reads:
                    walk.give(to, self.judge(walk, asked.path))
            opened += _opened(walks)

    async def write(self, rig: Rig, steps: list[tuple[Node, Node]]) -> None:
        raise NotImplementedError

    async def read(self, rig: Rig, nodes: list[Node]) -> None:
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class SearchAndLearn(Lockstep):
    """search-and-learn. `in_flight` is its search_batch_size: 25 for DVTS; its config refuses any but 1 for
    beam search. A step of all goes to vLLM in the same process as one list, with prefix caching. Then every
    text goes whole through the PRM in transformers, padded, `batch` at a time (8 for the RLHFlow PRMs). The
    next chunk of problems starts when the slowest of this one has ended."""

    batch: int = 8

    async def run(self, rig: Rig, walks: Sequence[Walk]) -> None:
        for at in range(0, len(walks), self.in_flight):
            await self.advance(rig, walks[at : at + self.in_flight])

    async def write(self, rig: Rig, steps: list[tuple[Node, Node]]) -> None:
        await rig.cpu.spend(request_s(len(steps)))
        await asyncio.gather(*(rig.write(parent, child) for parent, child in steps))

    async def read(self, rig: Rig, nodes: list[Node]) -> None:
        await rig.forward.run([_length(node) for node in nodes], self.batch)


@dataclass(frozen=True, slots=True)
class ItsHub(Lockstep):
    """its_hub: one problem at a time. A step is one aiohttp request a path, all at once; when the last is
    back, all texts go whole to the PRM in vLLM as one batch, which keeps no prefixes."""

    prm_radix: ClassVar[bool] = False

    async def solve(self, rig: Rig, walk: Walk) -> None:
        await self.advance(rig, [walk])

    async def write(self, rig: Rig, steps: list[tuple[Node, Node]]) -> None:
        async def one(parent: Node, child: Node) -> None:
            await rig.cpu.spend(request_s(1))
            await asyncio.sleep(ROUND_TRIP_S / 2)
            await rig.write(parent, child)
            await asyncio.sleep(ROUND_TRIP_S / 2)

        await asyncio.gather(*(one(parent, child) for parent, child in steps))

    async def read(self, rig: Rig, nodes: list[Node]) -> None:
        await rig.cpu.spend(request_s(len(nodes)))
        await rig.read(nodes)


@dataclass(frozen=True, slots=True)
class Workers(Pattern):
    """compute-optimal-tts (12 Ray workers) and OpenR (32): processes, a problem each. The kept nodes of a
    step are expanded ONE AFTER ANOTHER: a request for the node's M children, and when it is back one for
    their scores, which the PRM worker works out whole text by whole text, a batch of one, for all
    processes in turn. Requests go through the requests library, each process with a core of its own."""

    async def solve(self, rig: Rig, walk: Walk) -> None:
        while opened := walk.take():
            families: dict[object, list[Open]] = {}
            for to, ask in opened:
                key = (ask.key.tree, ask.key.parent) if isinstance(ask, Extend) else None
                families.setdefault(key, []).append((to, ask))
            for family in families.values():
                await self._expand(rig, walk, family)

    async def _expand(self, rig: Rig, walk: Walk, family: list[Open]) -> None:
        writes = [(to, ask) for to, ask in family if isinstance(ask, Extend)]
        if writes:
            await asyncio.sleep(SYNC_REQUEST_S + ROUND_TRIP_S)
            await asyncio.gather(*(rig.write(walk.parent(ask), walk.child(ask)) for _, ask in writes))
        for to, ask in writes:
            walk.give(to, walk.grown(ask))
            family += walk.take_from(to)
        paths = [(to, ask.path) for to, ask in family if isinstance(ask, Score)]
        if paths:
            await asyncio.sleep(SYNC_REQUEST_S + ROUND_TRIP_S)
            await rig.forward.run([_length(walk.leaf(path)) for _, path in paths], 1)
            for to, path in paths:
                walk.give(to, self.judge(walk, path))


@dataclass(frozen=True, slots=True)
class Rebase(Pattern):
    """REBASE (and ETS, its fork): SGLang for both models, both with a radix cache; `in_flight` is its
    num_threads (8). The nodes of a step are expanded in turn: SGLang's frontend has the server read a node
    that forks before its children ask. Each child is a thread's call to write and, at once after it, a call
    to score. Calls cost what single aiohttp requests cost, on one core: threads share one interpreter."""

    async def solve(self, rig: Rig, walk: Walk) -> None:
        calls: set[asyncio.Task[None]] = set()
        while walk.outcome is None:
            families: dict[Node | None, list[Open]] = {}
            for to, ask in walk.take():
                parent = walk.parent(ask) if isinstance(ask, Extend) else None
                families.setdefault(parent, []).append((to, ask))
            for parent, family in families.items():
                if parent is not None and len(family) > 1:
                    await self._request(rig, rig.policy.submit, text_of(parent))
                calls |= {asyncio.create_task(self._call(rig, walk, *one)) for one in family}
            done, calls = await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
            for call in done:
                call.result()

    async def _call(self, rig: Rig, walk: Walk, to: Branch, ask: Extend | Score) -> None:
        if isinstance(ask, Extend):
            child = walk.child(ask)
            await self._request(rig, rig.policy.submit, text_of(walk.parent(ask)), child.tokens, child.id)
            walk.give(to, walk.grown(ask))
        else:
            await self._request(rig, rig.prm.submit, text_of(walk.leaf(ask.path), TAG))
            walk.give(to, self.judge(walk, ask.path))

    async def _request(self, rig: Rig, submit: Callable[..., Request], *what: Any) -> None:
        await rig.cpu.spend(request_s(1))
        await asyncio.sleep(ROUND_TRIP_S / 2)
        await submit(*what).done
        await asyncio.sleep(ROUND_TRIP_S / 2)


def _opened(walks: Sequence[Walk]) -> list[tuple[Walk, Branch, Extend | Score]]:
    return [(walk, to, ask) for walk in walks for to, ask in walk.take()]


def _length(node: Node) -> int:
    return sum(tokens for _, tokens in text_of(node, TAG))
