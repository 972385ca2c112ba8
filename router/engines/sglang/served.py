"""Who answers behind a URL: asked once before an engine is built, and again when it starts."""

from __future__ import annotations

from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

import orjson

from compute_router.errors import EngineError

__all__ = ["Served", "described", "identify"]


@dataclass(frozen=True, slots=True)
class Served:
    """What a server says of itself. `context` is the most tokens of prompt, path and continuation that
    it takes in one request; `names` are all the names its model goes by. `generates` is false where it
    serves embeddings or a reward model; `running` is how many requests it runs side by side, None where it
    does not say."""

    model_path: str
    tokenizer_path: str
    weight_version: str
    names: frozenset[str]
    context: int
    version: str
    generates: bool = True
    running: int | None = None

    @property
    def name(self) -> str:
        """The last part of the name that the server was started with, or of the model's path."""
        return min(self.names, key=lambda name: name == self.model_path).rstrip("/").rsplit("/", 1)[-1]

    @property
    def fingerprint(self) -> str:
        return f"{self.model_path}@{self.weight_version}"

    def check(self, asked: str) -> None:
        """Raises EngineError unless the server serves `asked`: a name, a hub id, or a folder."""
        if _last(asked) not in map(_last, self.names):
            raise EngineError(f"the server serves {self.model_path}, not {asked}", retryable=False)


def identify(url: str, *, timeout_s: float = 10.0) -> Served:
    """Ask the server behind `url` who it is. Blocks; uses no proxy and follows no redirect.

    /server_info goes through to the scheduler, so a server that answers it can generate (/health would
    take a second and a token to say the same). Raises EngineError.
    """
    model, server = _get(url, "/model_info", timeout_s), _get(url, "/server_info", timeout_s)
    return described(f"the server at {url}", model, server)


def described(who: str, model: dict[str, Any], server: dict[str, Any]) -> Served:
    """From the answers of /model_info and /server_info; errors speak of `who`. Raises EngineError."""
    if server.get("incremental_streaming_output"):
        raise EngineError(
            f"{who} streams differences: start it without --incremental-streaming-output", retryable=False
        )
    try:
        path = str(model["model_path"])
        return Served(
            model_path=path,
            tokenizer_path=str(model.get("tokenizer_path") or path),
            weight_version=str(model.get("weight_version", "")),
            names=frozenset({path, str(server.get("served_model_name") or path)}),
            # The server's bound for what it reads; its bound for the sum is 4 tokens more.
            context=int(server["max_req_input_len"]),
            version=str(server.get("version", "")),
            generates=bool(model.get("is_generation", True)),
            running=_running(server),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise EngineError(f"{who} is no SGLang server: no {error}", retryable=False) from error


def _running(server: dict[str, Any]) -> int | None:
    """Requests side by side in all its data-parallel parts together."""
    parts = [part.get("effective_max_running_requests_per_dp") for part in server.get("internal_states", ())]
    return sum(parts) if parts and all(isinstance(part, int) and part > 0 for part in parts) else None


def _get(url: str, path: str, timeout_s: float) -> dict[str, Any]:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or parts.hostname is None:
        raise EngineError(f"{url!r} is no address of a server: write http://host:port", retryable=False)
    make = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    try:
        connection = make(parts.hostname, parts.port, timeout=timeout_s)
        try:
            connection.request("GET", parts.path.rstrip("/") + path)
            response = connection.getresponse()
            status, body = response.status, response.read()
        finally:
            connection.close()
    except (OSError, HTTPException, ValueError) as error:
        raise EngineError(f"no server answers at {url}: {error}") from error
    if status == 404 and not path.startswith("/get_"):
        return _get(url, f"/get_{path[1:]}", timeout_s)  # the name in SGLang before 0.5.4
    if status != 200:
        raise EngineError(f"the server at {url} answered {path} with {status}", retryable=status >= 500)
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise EngineError(f"the server at {url} is no SGLang server: {error}", retryable=False) from error
    if not isinstance(found, dict):
        raise EngineError(f"the server at {url} is no SGLang server", retryable=False)
    return found


def _last(name: str) -> str:
    return name.rstrip("/").rsplit("/", 1)[-1].casefold()
