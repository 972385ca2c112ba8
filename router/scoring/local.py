"""A PRM in this process, with transformers and torch: the reference for every other way to score."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from threading import Event

from compute_router.errors import RouterError, ScorerError
from compute_router.ledger import Tokens
from compute_router.policies import Path
from compute_router.scoring.base import Scored, checked
from compute_router.scoring.families.base import Family, Layout, Vocabulary
from compute_router.scoring.known_prms import find_prm
from compute_router.scoring.local_batch import Row, batches
from compute_router.scoring.local_cache import Known, PrefixCache
from compute_router.scoring.local_model import LocalModel, weights_folder
from compute_router.scoring.prm_tokenizer import from_transformers

__all__ = ["LocalScorer"]


class LocalScorer:
    """Scores with the PRM of a hub id or folder: fp32 on CPU, bf16 on CUDA.

    A path whose earlier steps were scored lately pays for its newest step alone: up to `cache_bytes` of keys
    and values are kept. At most `batch_tokens` go through the model at once, padding included. One thread
    runs the model, so the event loop never waits for it. Raises InputError where the PRM is unknown, and on
    starting where it cannot be loaded.
    """

    is_baseline = False

    def __init__(
        self,
        name: str,
        *,
        device: str | None = None,
        batch_tokens: int = 8_192,
        cache_bytes: int = 2**32,
        vocabulary: Vocabulary | None = None,
    ) -> None:
        self._prm = find_prm(name)
        self.name = self._prm.name
        self.params = self._prm.params
        self._device = device
        self._batch_tokens = batch_tokens
        self._cache = PrefixCache(cache_bytes)
        self._vocabulary = vocabulary
        self._family: Family | None = None
        self._model: LocalModel | None = None
        self._thread: ThreadPoolExecutor | None = None
        # A path is laid out for its price and again for its score.
        self._layout = lru_cache(maxsize=1024)(self._lay_out)

    async def __aenter__(self) -> LocalScorer:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="prm")
        try:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._load)
        except BaseException:
            self._thread.shutdown(wait=False)
            raise
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._thread is not None:
            await asyncio.to_thread(self._thread.shutdown)
        self._model = None

    def price(self, problem: str, path: Path) -> int:
        return len(self._layout(problem, _texts(path)).ids_T)

    async def score(self, batch: Sequence[tuple[str, Path]]) -> Sequence[Scored | RouterError]:
        """A path longer than the PRM's context comes back as its own ScorerError."""
        unwanted = Event()
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._thread, self._score, batch, unwanted)
        finally:
            unwanted.set()

    def _load(self) -> None:
        folder = weights_folder(self.name)
        vocabulary = self._vocabulary or from_transformers(str(folder))
        self._family = self._prm.family(vocabulary)
        self._model = LocalModel(folder, self._prm, self._family.readout, self._device)

    def _lay_out(self, problem: str, steps: tuple[str, ...]) -> Layout:
        if self._family is None:
            raise ScorerError("the PRM has not been started")
        return self._family.layout(problem, steps)

    def _score(self, batch: Sequence[tuple[str, Path]], unwanted: Event) -> list[Scored | RouterError]:
        if self._family is None or self._model is None:
            raise ScorerError("the PRM has not been started")
        layouts = [self._layout(problem, _texts(path)) for problem, path in batch]
        scored: list[Scored | RouterError] = [Scored(())] * len(batch)
        rows: list[Row] = []
        for number, layout in enumerate(layouts):
            if len(layout.ids_T) > self._prm.context:
                tokens, context = len(layout.ids_T), self._prm.context
                scored[number] = ScorerError(
                    f"the path takes {tokens} tokens of the PRM's context of {context}"
                )
                continue
            if not layout.at_S:
                continue
            held = self._cache.longest(layout)
            start, done = (held.tokens, len(held.scores_S)) if held else (0, 0)
            if held and done == len(layout.at_S):
                scored[number] = Scored(held.scores_S, Tokens(prompt=start, cached=start))
            else:
                at_S = tuple(at - start for at in layout.at_S[done:])
                rows.append(Row(number, layout.ids_T[start:], at_S, held))
        for group in batches(rows, self._batch_tokens):
            if unwanted.is_set():
                break  # nobody looks at what is left out
            try:
                read = self._model.read(group)
            except RuntimeError as error:  # torch: out of memory, and the like
                raise ScorerError(f"the PRM failed: {error}") from error
            for row, (logits_S, kv_L) in zip(group, read, strict=True):
                layout = layouts[row.number]
                scores_S = row.known.scores_S if row.known else ()
                scores_S += tuple(self._family.readout.score(*logits) for logits in logits_S)
                one = Scored(scores_S, Tokens(prompt=len(layout.ids_T), cached=row.past))
                scored[row.number] = checked(batch[row.number][1], one)
                self._cache.keep(layout, Known(len(layout.ids_T), scores_S, kv_L))
        return scored


def _texts(path: Path) -> tuple[str, ...]:
    return tuple(step.text for step in path.steps_S)
