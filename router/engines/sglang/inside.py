"""SGLang within this program, where it is installed: what its HTTP server answers, without the HTTP.

sglang.Engine means to own the program that it runs in: it kills all child processes when it ends, the
grader's too, and takes over signals. Here it keeps to its own children, and signals stay as they were.
"""

from __future__ import annotations

import asyncio
import atexit
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from importlib import import_module
from typing import Any

import orjson

from compute_router.engines.sglang.served import Served, described
from compute_router.errors import EngineError

__all__ = ["Inside"]

STOP_S = 10.0
"""What its processes get to end by themselves."""
_SIGNALS = (signal.SIGTERM, signal.SIGQUIT)


class Inside:
    """The model of a folder or hub id, loaded at once: this blocks meanwhile, and belongs in the main thread.
    `options` are those of SGLang's ServerArgs. `close` stops it; one event loop can use it.

    Where one of its processes dies, the program ends: kept runs go on with the next start. Raises EngineError
    where sglang does not import or does not load the model.
    """

    def __init__(self, model: str, **options: Any) -> None:
        try:
            engine, self._psutil = import_module("sglang").Engine, import_module("psutil")
            self._request = import_module("sglang.srt.managers.io_struct").GenerateReqInput
            version = import_module("sglang").__version__
        except ImportError as error:
            raise EngineError(
                "without --engine-url, SGLang runs in this program, where it does not import "
                f"({error}): pip install 'compute-router[sglang]'",
                retryable=False,
            ) from error
        before = set(self._children())
        handlers = _handlers()
        try:
            self._engine = engine(model_path=model, **options)
        except Exception as error:
            self._stop([child for child in self._children() if child not in before])
            raise EngineError(f"SGLang does not load {model}: {error}", retryable=False) from error
        finally:
            _handle(handlers)
        atexit.unregister(self._engine.shutdown)
        self._mine = [child for child in self._children() if child not in before]
        self._manager = self._engine.tokenizer_manager
        self.served = self._described(version)

    def attach(self) -> None:
        """Begin to listen to its processes, in the running event loop."""
        if self._manager.event_loop is not None:
            return
        handlers = _handlers()
        self._manager.auto_create_handle_loop()
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                with suppress(ValueError):
                    asyncio.get_running_loop().remove_signal_handler(number)
        _handle(handlers)

    async def post(
        self, path: str, body: bytes, take: Callable[[bytes], None] | None = None
    ) -> tuple[int, bytes]:
        """As `Http.post`: /generate streamed to `take`, and /abort_request."""
        call = orjson.loads(body)
        if path == "/abort_request":
            self._manager.abort_request(rid=call["rid"])
            return 200, b""
        if path != "/generate" or take is None:
            return 404, b""
        try:
            async for event in self._manager.generate_request(self._request(**call), None):
                take(b"data: " + orjson.dumps(event, option=orjson.OPT_SERIALIZE_NUMPY) + b"\n\n")
        except ValueError as error:
            take(b"data: " + orjson.dumps({"error": {"message": str(error)}}) + b"\n\n")
        return 200, b""

    def close(self) -> None:
        watchdog = getattr(self._manager, "_subprocess_watchdog", None)
        if watchdog is not None:
            watchdog.stop()  # before its processes end, or it ends the program
        for task in self._manager.asyncio_tasks:
            task.cancel()
        self._stop(self._mine)

    def _described(self, version: str) -> Served:
        args, manager = self._engine.server_args, self._manager
        model = {
            "model_path": args.model_path,
            "tokenizer_path": args.tokenizer_path,
            "weight_version": args.weight_version,
            "is_generation": manager.is_generation,
        }
        args.__dict__.pop("model_config", None)  # no plain data; SGLang's own server drops it too
        scheduler = self._engine._scheduler_init_result.scheduler_infos[0]
        return described("this program", model, {**asdict(args), **scheduler, "version": version})

    def _children(self) -> list[Any]:
        children: list[Any] = self._psutil.Process().children(recursive=True)
        return children

    def _stop(self, children: list[Any]) -> None:
        for child in children:
            with suppress(self._psutil.NoSuchProcess):
                child.terminate()
        _, left = self._psutil.wait_procs(children, timeout=STOP_S)
        for child in left:
            with suppress(self._psutil.NoSuchProcess):
                child.kill()


def _handlers() -> dict[signal.Signals, Any]:
    """What signals do now; nothing off the main thread, where SGLang does not change them either."""
    if threading.current_thread() is not threading.main_thread():
        return {}
    return {number: signal.getsignal(number) for number in _SIGNALS}


def _handle(handlers: dict[signal.Signals, Any]) -> None:
    for number, handler in handlers.items():
        signal.signal(number, handler)
