"""The loop that writes: one thread, one batch, a token for every path at a time."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from compute_router.engines.base import Extension, Request
from compute_router.engines.torch.library import torch
from compute_router.engines.torch.model import Loaded
from compute_router.engines.torch.rows import Found, Rows, shared
from compute_router.engines.torch.sampler import draw
from compute_router.engines.torch.writing import Finish, Writing
from compute_router.errors import EngineError

__all__ = ["Decoder"]

READ = 4096
"""Prompt tokens, padding included, read in one pass: what is being written waits meanwhile."""
WORTH_WAITING = 8
"""A prefix this much longer, read in this pass for another path, is worth waiting for."""


class Decoder:
    """Writes up to `slots` paths side by side. `write` and `close` are called from other threads; replies
    come from the decoder's own."""

    def __init__(self, loaded: Loaded, *, slots: int, context: int) -> None:
        self._loaded = loaded
        self._slots = slots
        # As many rows again keep what was written: a search comes back to its paths.
        self._rows = Rows(loaded.model.config, loaded.model.dtype, rows=2 * slots, context=context)
        self._waiting: deque[Writing] = deque()
        self._written: list[Writing] = []
        """By row."""
        self._wake = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="torch-decoder", daemon=True)
        self._thread.start()

    def write(self, request: Request, reply: Callable[[Extension | Exception], None]) -> Writing:
        """Begin a path as soon as there is room; `reply` gets its Extension, or the error that ended the
        loop. Once the Writing is `unwanted`, it ends with what it has."""
        writing = Writing(request, self._loaded.tokenizer, self._loaded.ends, reply)
        with self._wake:
            if self._closed:
                reply(EngineError("the engine was closed", retryable=False))
            else:
                self._waiting.append(writing)
                self._wake.notify()
        return writing

    def close(self) -> None:
        """Returns when the loop has ended; what was being written gets an EngineError."""
        with self._wake:
            self._closed = True
            self._wake.notify()
        self._thread.join()

    def _run(self) -> None:
        error = EngineError("the engine was closed", retryable=False)
        try:
            with torch().inference_mode():
                while self._wait():
                    self._sweep()
                    self._admit()
                    if self._written:
                        self._step()
        except Exception as caught:
            error = EngineError(
                f"the torch engine broke off: {type(caught).__name__}: {caught}", retryable=False
            )
        with self._wake:
            self._closed = True
            unanswered = [*self._written, *self._waiting]
        for writing in unanswered:
            writing.reply(error)

    def _wait(self) -> bool:
        """Until there is something to do; False once closed."""
        with self._wake:
            self._wake.wait_for(lambda: self._closed or self._waiting or self._written)
            return not self._closed

    def _sweep(self) -> None:
        """End what is no longer wanted."""
        for row in reversed(range(len(self._written))):
            if self._written[row].unwanted:
                self._end(row, "cut")
        with self._wake:
            gone = [writing for writing in self._waiting if writing.unwanted]
            self._waiting = deque(writing for writing in self._waiting if not writing.unwanted)
        for writing in gone:
            writing.reply(writing.extension("cut"))

    def _admit(self) -> None:
        """Read the prefixes of as many as there is room for, and their first tokens."""
        first = len(self._written)
        most = 0
        later: list[Writing] = []
        while len(self._written) < self._slots:
            with self._wake:
                if not self._waiting:
                    break
                writing = self._waiting.popleft()
            found = self._rows.find(writing.prefix_T)
            unread = len(writing.prefix_T) - found.tokens
            if self._is_being_read(writing, found, first):
                later.append(writing)
                continue
            most = max(most, unread)
            if len(self._written) > first and most * (len(self._written) + 1 - first) > READ:
                later.append(writing)
                break
            self._rows.open(found)
            writing.cached, writing.began = found.tokens, True
            self._written.append(writing)
        with self._wake:
            self._waiting.extendleft(reversed(later))
        if len(self._written) > first:
            self._read(first)

    def _is_being_read(self, writing: Writing, found: Found, first: int) -> bool:
        wanted = found.tokens + WORTH_WAITING
        return any(shared(other.prefix_T, writing.prefix_T) > wanted for other in self._written[first:])

    def _read(self, first: int) -> None:
        """The unread end of every prefix from row `first` on, in one pass, right-aligned."""
        rows = self._rows
        some = self._written[first:]
        unread_B = [writing.prefix_T[writing.cached :] for writing in some]
        longest = max(map(len, unread_B))
        until = max(len(writing.prefix_T) for writing in some)
        kind = torch()
        tokens = kind.zeros((len(some), longest), dtype=kind.long)
        # Padding is written to the place that nobody reads.
        places = kind.full((len(some), longest), rows.context, dtype=kind.long)
        for at, (writing, unread) in enumerate(zip(some, unread_B, strict=True)):
            tokens[at, longest - len(unread) :] = kind.tensor(unread)
            places[at, longest - len(unread) :] = kind.arange(writing.cached, len(writing.prefix_T))
        for row, writing in enumerate(some, first):
            rows.tokens_R[row] = list(writing.prefix_T)
        self._pass(slice(first, len(self._written)), tokens, places, until)

    def _step(self) -> None:
        """One token more of every path."""
        kind, rows = torch(), self._rows
        last = [writing.last for writing in self._written]
        places = [len(held_T) for held_T in rows.tokens_R[: len(last)]]
        for row, token in enumerate(last):
            rows.tokens_R[row].append(token)
        self._pass(
            slice(0, len(last)), kind.tensor(last)[:, None], kind.tensor(places)[:, None], max(places) + 1
        )

    def _pass(self, batch: slice, tokens_BT: Any, places_BT: Any, until: int) -> None:
        """Read tokens at their places of the batch's rows, and draw what comes after each row's last."""
        kind, rows, model = torch(), self._rows, self._loaded.model
        seen = kind.arange(until)[None, None] <= places_BT[:, :, None]
        mask = kind.zeros(seen.shape, dtype=model.dtype).masked_fill_(~seen, -kind.inf)
        rows.place(batch, places_BT, until)
        logits = model(
            input_ids=tokens_BT,
            attention_mask=mask[:, None],
            position_ids=places_BT,
            past_key_values=rows,
            use_cache=True,
            logits_to_keep=1,
        ).logits[:, -1]
        some = self._written[batch]
        drawn = draw(logits, [one.request.temperature for one in some], [one.uniform for one in some])
        ended = [one.take(*new) for one, new in zip(some, zip(*drawn, strict=True), strict=True)]
        for row in reversed(range(batch.start, batch.stop)):
            finish = ended[row - batch.start]
            if finish is not None:
                self._end(row, finish)

    def _end(self, row: int, finish: Finish) -> None:
        """Answer; the last path takes the row's place."""
        writing = self._written[row]
        self._written[row] = self._written[-1]
        self._written.pop()
        self._rows.close(row)
        writing.reply(writing.extension(finish))
