"""The parent's end of a grading worker, and the few of them that a `Grader` shares."""

from __future__ import annotations

import asyncio
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Literal, get_args

from compute_router.errors import GradingError

__all__ = ["Verdict", "WorkerPool"]

Verdict = Literal["equal", "different", "timeout", "crash"]

_PROGRAM = Path(__file__).with_name("worker.py")


class _WorkerGone(Exception):
    """The worker process ended before it replied."""


class _Worker:
    """One worker process. Blocking; used by one thread at a time."""

    def __init__(self) -> None:
        try:
            # A session of its own: Ctrl-C does not reach it, and `kill` reaches its child too.
            # `-P` keeps this folder's modules from shadowing those that sympy imports.
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-W", "ignore", str(_PROGRAM)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            raise GradingError(f"The grading worker could not be started: {error}.") from error
        try:
            greeting = self._receive()
        except _WorkerGone:
            greeting = f"the process ended with status {self._process.wait()}"
        if greeting != "ready":
            self.kill()
            self.close_pipes()
            raise GradingError(f"The grading worker could not be started: {greeting}.")

    def ask(self, **request: object) -> Verdict:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
        except (OSError, ValueError) as error:
            raise _WorkerGone from error
        verdict = self._receive()
        return next(known for known in get_args(Verdict) if known == verdict)

    def _receive(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line.endswith(b"\n"):
            raise _WorkerGone
        return str(json.loads(line))

    def kill(self) -> None:
        """End the process and any child of it, now."""
        if self._process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def close_pipes(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()


class WorkerPool:
    """At most `workers` processes, each started by the first comparison that finds none idle."""

    def __init__(self, workers: int, deadline_s: float) -> None:
        self._deadline_s = deadline_s
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="grading")
        self._idle: queue.SimpleQueue[_Worker] = queue.SimpleQueue()
        self._started: set[_Worker] = set()
        self._lock = threading.Lock()
        self._closed = threading.Event()

    async def compare(self, gold: str, answer: str, *, symmetric: bool) -> Verdict:
        """One comparison under the deadline.

        Raises `GradingError` when no worker can be started or the pool is closed.
        """
        if self._closed.is_set():
            raise GradingError("The grader is closed.")
        return await asyncio.get_running_loop().run_in_executor(
            self._threads, self._compare, gold, answer, symmetric
        )

    def _compare(self, gold: str, answer: str, symmetric: bool) -> Verdict:
        for _ in range(2):  # a worker that somebody killed is replaced, once
            worker = self._take()
            try:
                verdict = worker.ask(gold=gold, answer=answer, symmetric=symmetric, seconds=self._deadline_s)
            except _WorkerGone:
                self._discard(worker)
                if self._closed.is_set():
                    break
            else:
                self._idle.put(worker)
                return verdict
        why = "was closed" if self._closed.is_set() else "lost two workers"
        raise GradingError(f"The grader {why} while it compared.")

    def _take(self) -> _Worker:
        with suppress(queue.Empty):
            return self._idle.get_nowait()
        if not self._closed.is_set():
            worker = _Worker()
            with self._lock:
                self._started.add(worker)
                if not self._closed.is_set():
                    return worker
            self._discard(worker)
        raise GradingError("The grader was closed while it compared.")

    def _discard(self, worker: _Worker) -> None:
        worker.kill()
        worker.close_pipes()
        with self._lock:
            self._started.discard(worker)

    def close(self) -> None:
        """Kill every worker; comparisons in flight fail. Idempotent."""
        with self._lock:
            self._closed.set()
            started = tuple(self._started)
        for worker in started:
            worker.kill()
        self._threads.shutdown(wait=True)
        for worker in started:
            worker.close_pipes()
