"""POST over kept-alive HTTP/1.1 connections, the answer handed on as it comes.

aiohttp hands each chunk of a streamed answer through a parser's callbacks, a queue and a waking task;
here a function gets it straight from the socket, at a fraction of the CPU (benchmarks/client.py). What is
left out is what a server of our own choice does not need: redirects, cookies, proxies, compression.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import cast
from urllib.parse import urlsplit

__all__ = ["Http"]

CONNECT_S = 10.0
ROOM = 256 * 1024
"""Bytes read at once."""

Take = Callable[[bytes], None]
"""Gets the next piece of the body of an answer with status 200."""


class Http:
    """Connections to the server at `url`, as many as there are requests in flight."""

    def __init__(self, url: str, *, silence_s: float) -> None:
        parts = urlsplit(url)
        self._host = parts.hostname or ""
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._port = parts.port or (443 if self._tls else 80)
        self._path = parts.path.rstrip("/")
        self._head = f"Host: {parts.netloc}\r\nContent-Type: application/json\r\nContent-Length: "
        self._silence_s = silence_s
        self._idle: list[_Connection] = []
        self._room = memoryview(bytearray(ROOM))

    async def post(self, path: str, body: bytes, take: Take | None = None) -> tuple[int, bytes]:
        """Status and body of the answer; a body of status 200 goes to `take` instead, where given.

        Raises OSError where the connection fails or says nothing for `silence_s` seconds, ValueError where
        the answer is no HTTP, and what `take` raises.
        """
        connection = self._idle.pop() if self._idle else await self._connect()
        head = f"POST {self._path}{path} HTTP/1.1\r\n{self._head}{len(body)}\r\n\r\n"
        try:
            answer = await connection.ask(head.encode() + body, take, self._silence_s)
        except BaseException:
            connection.close()
            raise
        if connection.is_open:
            self._idle.append(connection)
        return answer

    def close(self) -> None:
        for connection in self._idle:
            connection.close()
        self._idle.clear()

    async def _connect(self) -> _Connection:
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(CONNECT_S):
            _, connection = await loop.create_connection(
                lambda: _Connection(self._idle, self._room), self._host, self._port, ssl=self._tls
            )
        return connection


class _Connection(asyncio.BufferedProtocol):
    """One connection, one answer at a time. `room` is what all connections read into, one after another:
    a plain Protocol would map and unmap 256 kB for every read."""

    def __init__(self, idle: list[_Connection], room: memoryview) -> None:
        self._idle = idle
        self._room = room
        self._loop = asyncio.get_running_loop()
        self.is_open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self.is_open = True
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None

    def connection_lost(self, error: Exception | None) -> None:
        self.is_open = False
        if self in self._idle:
            self._idle.remove(self)
        self._fail(error or ConnectionError("the connection was closed"))

    async def ask(self, request: bytes, take: Take | None, silence_s: float) -> tuple[int, bytes]:
        self._take = take
        self._buffer = b""
        self._body = b""
        self._status = 0
        self._left = -1  # bytes of the body still to come; -1: it comes in chunks
        self._answer = self._loop.create_future()
        self._heard = self._loop.time()
        watch = self._loop.call_later(silence_s, self._listen, silence_s)
        self._watch = watch
        self._transport.write(request)
        try:
            return await self._answer
        finally:
            self._watch.cancel()
            self._answer = None

    def close(self) -> None:
        self.is_open = False
        self._transport.abort()

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._room

    def buffer_updated(self, nbytes: int) -> None:
        if self._answer is None or self._answer.done():
            self.close()  # nobody asked
            return
        self._heard = self._loop.time()
        self._buffer += self._room[:nbytes]
        try:
            if self._status or self._read_head():
                self._read_body()
        except Exception as error:
            self._fail(error)
            self.close()

    def _read_head(self) -> bool:
        head, blank, rest = self._buffer.partition(b"\r\n\r\n")
        if not blank:
            return False
        first, *lines = head.decode("latin-1").split("\r\n")
        version, status, *_ = first.split(" ")
        if not version.startswith("HTTP/1."):
            raise ValueError(f"this is no HTTP: {first[:80]!r}")
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        if fields.get("transfer-encoding", "").lower() != "chunked":
            self._left = int(fields.get("content-length", "missing"))
        self._status, self._buffer = int(status), rest
        return True

    def _read_body(self) -> None:
        buffer, self._buffer = self._buffer, b""
        if self._left >= 0:
            self._left -= len(buffer)
            self._hand_on(buffer)
            if self._left <= 0:
                self._finish()
            return
        at, pieces, is_over = 0, [], False
        while not is_over and (line := buffer.find(b"\r\n", at)) >= 0:
            size = int(buffer[at:line], 16)
            start, end = line + 2, line + 2 + size
            if len(buffer) < end + 2:
                break
            at = end + 2
            is_over = size == 0
            pieces.append(buffer[start:end])
        self._buffer = buffer[at:]
        self._hand_on(b"".join(pieces))
        if is_over:
            self._finish()

    def _hand_on(self, piece: bytes) -> None:
        if self._take is not None and self._status == 200:
            self._take(piece)
        else:
            self._body += piece

    def _finish(self) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result((self._status, self._body))

    def _fail(self, error: Exception) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)

    def _listen(self, silence_s: float) -> None:
        quiet_until = self._heard + silence_s
        if self._loop.time() < quiet_until:
            self._watch = self._loop.call_at(quiet_until, self._listen, silence_s)
            return
        self._fail(TimeoutError(f"the server said nothing for {silence_s:g} s"))
        self.close()
