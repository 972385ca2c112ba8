"""The Scorer protocol over one or many SGLang servers of one PRM."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path as FilePath

from compute_router.engines.sglang.http import Http
from compute_router.engines.sglang.served import Served, identify
from compute_router.errors import EngineError, InputError, RouterError, ScorerError
from compute_router.ledger import Tokens
from compute_router.policies import Path
from compute_router.scoring.base import Scored
from compute_router.scoring.families.base import Head, Readout, TokenPair, Vocabulary
from compute_router.scoring.known_prms import Prm
from compute_router.scoring.prm_tokenizer import from_transformers
from compute_router.scoring.sglang.homes import Homes
from compute_router.scoring.sglang.layouts import Layouts
from compute_router.scoring.sglang.memory import Memory, Remembered
from compute_router.scoring.sglang.plan import Plan, same
from compute_router.scoring.sglang.server import Server
from compute_router.scoring.sglang.wire import Part

__all__ = ["SGLangScorer"]

SILENCE_S = 600
"""The longest a call may say nothing; it says nothing until its last member is read."""
SHARED = 32
"""Tokens that paths must share for it to pay to read them once, a round trip ahead."""


class SGLangScorer:
    """`prm` behind `urls`: servers of its own, or the policy model's where both are one model.

    Without `vocabulary`, transformers reads the PRM's tokenizer. A step is scored once: of a path that grew,
    only what is new is asked for.
    Raises InputError where SGLang cannot serve `prm`, or no server is named.
    """

    is_baseline = False

    def __init__(self, prm: Prm, urls: Sequence[str], *, vocabulary: Vocabulary | None = None) -> None:
        if prm.on_sglang is None:
            raise InputError(f"SGLang cannot serve the PRM {prm.name}")
        if not urls:
            raise InputError(f"the PRM {prm.name} needs the address of its server")
        self.name = prm.name
        self.params = prm.params
        self._prm = prm
        self._urls = tuple(dict.fromkeys(urls))
        self._context = prm.context
        self._vocabulary = vocabulary
        self._readout: Readout
        self._homes: Homes[Server]
        self._memory = Memory()
        self._owed: dict[bytes, Tokens] = {}
        """Read for paths that then failed: billed when they are asked for again."""
        self._layouts: Layouts | None = None
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> SGLangScorer:
        """Raises EngineError where a server does not answer, or serves something else."""
        found = await asyncio.gather(*(asyncio.to_thread(identify, url) for url in self._urls))
        for served in found:
            served.check(self.name)
        vocabulary = self._vocabulary
        if vocabulary is None:
            vocabulary = await asyncio.to_thread(_vocabulary, self.name, found[0])
        family = self._prm.family(Remembered(vocabulary))
        self._layouts = Layouts(family)
        # Two rows folded into one (router/scoring/convert): its logit is the difference of theirs.
        self._readout = Head(labels=1) if self._prm.head == "mlp" else family.readout
        for url, served in zip(self._urls, found, strict=True):
            self._check(url, served)
        self._context = min([self._context, *(served.context for served in found)])
        servers: list[Server] = []
        for url in self._urls:
            http = Http(url, silence_s=SILENCE_S)
            self._stack.callback(http.close)
            servers.append(Server(http, self._readout))
        self._homes = Homes(servers)
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._stack.aclose()

    def price(self, problem: str, path: Path) -> int:
        """Tokens after the last score that is known. A server that has dropped what it read reads more."""
        plan = self._plan(problem, path)
        return 0 if isinstance(plan, RouterError) else plan.most

    async def score(self, batch: Sequence[tuple[str, Path]]) -> Sequence[Scored | RouterError]:
        """An EngineError in place of a path's scores may be retryable: what was scored by then is not read
        again."""
        plans = [self._plan(problem, path) for problem, path in batch]
        asked: dict[bytes, Plan] = {}
        for plan in plans:
            if isinstance(plan, Plan) and plan.missing_K:
                asked.setdefault(plan.keys_S[-1], plan)  # the same path twice is read once
        servers: dict[Server, list[Plan]] = defaultdict(list)
        for plan in asked.values():
            servers[self._homes.of(plan.problem)].append(plan)
        await asyncio.gather(*(self._ask(server, theirs) for server, theirs in servers.items()))
        found = [plan if isinstance(plan, RouterError) else self._scored(plan, asked) for plan in plans]
        for plan, one in zip(plans, found, strict=True):
            if isinstance(plan, Plan) and isinstance(one, RouterError) and plan.usage.prompt:
                self._owed[plan.keys_S[-1]] = plan.usage
        return found

    def _scored(self, plan: Plan, asked: dict[bytes, Plan]) -> Scored | RouterError:
        key = plan.keys_S[-1] if plan.keys_S else b""
        plan.usage += self._owed.pop(key, Tokens())
        first = asked.get(key, plan)
        if first.error is not None:
            return first.error
        plan.scores_S = first.scores_S
        return plan.scored()

    async def _ask(self, server: Server, plans: list[Plan]) -> None:
        """The missing scores of `plans`, all of which live at `server`."""
        strangers: dict[str, list[Plan]] = defaultdict(list)
        for plan in plans:
            if not self._homes.has_read(plan.problem):
                strangers[plan.problem].append(plan)
        shared: dict[str, Part] = {}
        for problem, theirs in strangers.items():
            ids_T = _shared([plan.part() for plan in theirs])
            known = same(self._homes.known(problem), ids_T)
            if len(theirs) > 1 and len(ids_T) - known >= SHARED:
                shared[problem] = Part(ids_T, (len(ids_T) - 1,), known)
        await asyncio.gather(
            self._read(server, [plan for plan in plans if plan.problem not in shared]),
            self._read_after(server, shared, [plan for plan in plans if plan.problem in shared]),
        )

    async def _read_after(self, server: Server, shared: dict[str, Part], plans: list[Plan]) -> None:
        readings = await server.read([*shared.values()])
        for problem, reading in zip(shared, readings, strict=True):
            if not isinstance(reading, RouterError):  # what ails it will show when its paths are read
                payer = next(plan for plan in plans if plan.problem == problem)
                payer.usage += reading.usage
                self._homes.read(problem, shared[problem].ids_T)
        await self._read(server, plans)

    async def _read(self, server: Server, plans: list[Plan]) -> None:
        homes = self._homes
        parts = [plan.part(homes.known(plan.problem), is_home=homes.has_read(plan.problem)) for plan in plans]
        readings = await server.read(parts)
        for plan, part, reading in zip(plans, parts, readings, strict=True):
            if isinstance(reading, RouterError):
                plan.error = reading
                if isinstance(reading, EngineError) and reading.retryable:
                    self._homes.failed(plan.problem)
                continue
            self._homes.read(plan.problem, part.ids_T[: part.at_K[0] + 1])
            plan.usage += reading.usage
            for step, logits in zip(plan.missing_K, reading.logits_K, strict=True):
                score = self._judged(logits)
                plan.scores_S[step] = score
                self._memory.put(plan.keys_S[step], score)

    def _judged(self, logits: tuple[float, ...]) -> float:
        readout = self._readout
        if isinstance(readout, TokenPair):
            good, bad = logits
            return readout.score(good, bad)
        return readout.score(*logits)

    def _plan(self, problem: str, path: Path) -> Plan | RouterError:
        if self._layouts is None:
            return EngineError("the PRM was not started", retryable=False)
        try:
            layout, keys_S = self._layouts.of(problem, path)
        except RouterError as error:
            return error
        if layout.at_S and layout.at_S[-1] >= self._context:
            return ScorerError(
                f"the path takes {layout.at_S[-1] + 1} tokens of the PRM's context of {self._context}"
            )
        return Plan.of(problem, layout, keys_S, self._memory)

    def _check(self, url: str, served: Served) -> None:
        if isinstance(self._readout, TokenPair) and not served.generates:
            raise EngineError(
                f"the server at {url} serves {served.model_path} for embeddings, and {self.name} is read "
                "from its tokens' log-probabilities: start it without --is-embedding",
                retryable=False,
            )
        if isinstance(self._readout, Head) and served.generates:
            raise EngineError(
                f"the server at {url} serves {served.model_path} as a language model, and {self.name} is "
                "read from a head of its own: start it with --is-embedding",
                retryable=False,
            )


def _shared(parts: Sequence[Part]) -> tuple[int, ...]:
    """The ids that all of `parts` begin with, as far as the server may take them from its cache."""
    least, most = min(part.ids_T for part in parts), max(part.ids_T for part in parts)
    return least[: min([same(least, most), *(part.at_K[0] for part in parts)])]


def _vocabulary(name: str, served: Served) -> Vocabulary:
    """From a folder on this machine, the PRM's own or the one that its server names; else from the hub."""
    folders = [path for path in (name, served.tokenizer_path) if FilePath(path).is_dir()]
    return from_transformers(folders[0] if folders else name)
