"""A real SGLang server on the CPU, for tests: started, waited for, stopped with all its children."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

__all__ = ["Server", "environment"]

START_S = 400.0
STOP_S = 20.0
SITE = Path(__file__).parent / "site"
LAUNCH = Path(__file__).parent / "launch.py"
FLAGS = (
    *("--device", "cpu", "--attention-backend", "torch_native", "--sampling-backend", "pytorch"),
    *("--disable-overlap-schedule", "--disable-custom-all-reduce", "--grammar-backend", "none"),
    *("--mem-fraction-static", "0.3", "--max-total-tokens", "16384", "--max-running-requests", "32"),
    *("--host", "127.0.0.1", "--enable-metrics"),
)


def environment() -> dict[str, str]:
    """In which SGLang runs on a CPU, with the stand-ins for what it does not need here."""
    env = os.environ | {
        "PYTHONPATH": os.pathsep.join(filter(None, (str(SITE), os.environ.get("PYTHONPATH")))),
        "SGLANG_USE_CPU_ENGINE": "1",
        "HF_HUB_OFFLINE": "1",
        "OMP_NUM_THREADS": "1",
        "TORCHDYNAMO_DISABLE": "1",  # compiling takes longer than all that a test runs
        "TOKENIZERS_PARALLELISM": "false",
    }
    env.pop("PYTHONDONTWRITEBYTECODE", None)  # the second start takes a third of the first's time
    return env


class Server:
    """A context manager. `log` gets what the server says; `port` is a free one where none is given, and
    stays the same when it is started again.

    Raises RuntimeError, with the end of the log, where the server is not ready within START_S.
    """

    def __init__(
        self, model: Path, log: Path, *, port: int = 0, embedding: bool = False, flags: Sequence[str] = ()
    ) -> None:
        self.model = model
        self.log = log
        self.port = port or _free_port()
        self._flags = (*FLAGS, *flags, *(("--is-embedding",) if embedding else ()))
        self._process: subprocess.Popen[bytes] | None = None
        self._said = 0
        """Characters in the log before this start."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Server:
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def start(self) -> None:
        command = (sys.executable, "-P", str(LAUNCH), "--model-path", str(self.model))
        with self.log.open("ab") as log:
            self._said = log.tell()
            self._process = subprocess.Popen(
                (*command, "--port", str(self.port), *self._flags),
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            self._wait()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the server and its children: politely, then not."""
        process, self._process = self._process, None
        if process is None:
            return
        for sign, patience in ((signal.SIGTERM, STOP_S), (signal.SIGKILL, STOP_S)):
            self._signal(process, sign)
            try:
                process.wait(patience)
            except subprocess.TimeoutExpired:
                continue
            break
        self._signal(process, signal.SIGKILL)  # children that outlived it

    def kill(self) -> None:
        """End it as a crash would."""
        process, self._process = self._process, None
        assert process is not None
        self._signal(process, signal.SIGKILL)
        process.wait(STOP_S)

    def get(self, path: str) -> Any:
        """The JSON at `path`."""
        with urlopen(self.url + path, timeout=10) as answer:
            return json.load(answer)

    def post(self, path: str, body: object) -> Any:
        """The JSON that answers a POST of `body`."""
        data = json.dumps(body).encode()
        with urlopen(Request(self.url + path, data, {"Content-Type": "application/json"}), timeout=60) as got:
            return json.load(got)

    def metric(self, name: str) -> float:
        """The sum of one metric over its labels; 0 where the server has none of that name yet."""
        with urlopen(self.url + "/metrics", timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        rows = [line for line in lines if line.split("{")[0].split(" ")[0] == f"sglang:{name}"]
        return sum(float(row.rsplit(" ", 1)[1]) for row in rows)

    def _wait(self) -> None:
        deadline = time.monotonic() + START_S
        while True:
            process = self._process
            assert process is not None
            if process.poll() is not None or time.monotonic() > deadline:
                end = self.log.read_text(errors="replace")[-3000:]
                raise RuntimeError(f"the SGLang server did not come up:\n{end}")
            if "The server is fired up" in self.log.read_text(errors="replace")[self._said :]:
                return
            time.sleep(0.1)

    @staticmethod
    def _signal(process: subprocess.Popen[bytes], sign: signal.Signals) -> None:
        try:
            os.killpg(process.pid, sign)
        except ProcessLookupError:
            return


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
