"""The hub: where a model's own repository lives. The only module that calls the hub's client.

HF_HUB_OFFLINE, HF_ENDPOINT, HF_HOME and HF_TOKEN mean what they mean to that client. A file that it fetched
stays in its own cache, which other programs share.
"""

from __future__ import annotations

import contextlib
import logging
import os
import ssl
import threading
import urllib.error
import urllib.request
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from compute_router.errors import WeightsError
from compute_router.weights.progress import Progress
from compute_router.weights.weight_file import HubFile

__all__ = ["cached", "download", "offline"]

# The client itself retries an unreachable hub for 23 s before it gives up; we ask first.
_PATIENCE = 4.0  # seconds until a hub that does not answer counts as unreachable


def offline() -> bool:
    """Whether the user forbade the hub by HF_HUB_OFFLINE."""
    from huggingface_hub import constants

    return bool(constants.HF_HUB_OFFLINE)


def cached(file: HubFile) -> Path:
    """The file in the hub client's own cache, without a request. Raises WeightsError if it is not there."""
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(file.repo, file.file)
    if not isinstance(found, str):
        raise WeightsError(f"{file} was not fetched before")
    return Path(found)


def download(file: HubFile, progress: Progress) -> Path:
    """Fetches the file into the hub client's cache (a broken transfer is resumed). Raises WeightsError."""
    if offline():
        raise WeightsError("HF_HUB_OFFLINE forbids it")
    endpoint = _endpoint()
    if trouble := _unreachable(endpoint, file):
        raise WeightsError(f"{endpoint} cannot be reached ({trouble})")
    try:
        with _quiet():
            return _fetch(file, endpoint, progress)
    except Exception as error:  # the client raises a dozen kinds; each one means: try the next source
        raise WeightsError(f"{endpoint} did not give {file}: {_reason(error)}") from error


def _fetch(file: HubFile, endpoint: str, progress: Progress) -> Path:
    from huggingface_hub import hf_hub_download

    bar = _bar(f"downloading {file}", progress)
    path = hf_hub_download(file.repo, file.file, endpoint=endpoint, etag_timeout=_PATIENCE, tqdm_class=bar)
    return Path(path)


def _endpoint() -> str:
    from huggingface_hub import constants

    endpoint = os.environ.get("HF_ENDPOINT", constants.ENDPOINT).rstrip("/")
    if not endpoint.startswith(("http://", "https://")):
        raise WeightsError(f"HF_ENDPOINT is {endpoint!r}, not an http address")
    return endpoint


def _unreachable(endpoint: str, file: HubFile) -> str:
    """Why the hub does not answer, or "". In a thread of its own: no timeout covers a slow name server."""
    from huggingface_hub import hf_hub_url

    answers: list[str] = []
    url = hf_hub_url(file.repo, file.file, endpoint=endpoint)
    thread = threading.Thread(target=lambda: answers.append(_knock(url)), daemon=True)
    thread.start()
    thread.join(_PATIENCE + 1)
    return answers[0] if answers else "no answer"


def _knock(url: str) -> str:
    request = urllib.request.Request(url, method="HEAD")  # noqa: S310 - _endpoint admits http only
    try:
        urllib.request.urlopen(request, timeout=_PATIENCE).close()  # noqa: S310
    except urllib.error.HTTPError as answer:
        answer.close()  # an answer all the same; the client words it better
    except urllib.error.URLError as error:
        if not isinstance(error.reason, ssl.SSLError):  # the client may trust other certificates
            return str(error.reason)
    except (OSError, ValueError) as error:
        return str(error)
    return ""


def _bar(what: str, progress: Progress) -> type[Any]:
    """The client reports through tqdm bars: an invisible one whose updates go to `progress`."""
    from huggingface_hub.utils.tqdm import tqdm

    furthest = 0

    class Bar(tqdm):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **{**kwargs, "disable": True})  # type: ignore[no-untyped-call]

        def update(self, n: float | None = 1) -> None:
            # Some transfers drive two bars, bytes received and bytes written: the further one counts.
            nonlocal furthest
            self.n += n or 0
            furthest = max(furthest, int(self.n))
            if self.total:
                progress(what, min(furthest, int(self.total)), int(self.total))

    return Bar


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    logger = logging.getLogger("huggingface_hub")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def _reason(error: Exception) -> str:
    from huggingface_hub import errors

    if isinstance(error, errors.GatedRepoError):
        return "its owner wants its terms accepted first; then log in to the hub"
    if isinstance(error, errors.RepositoryNotFoundError):
        return "there is no such repository, or it is private"
    if isinstance(error, errors.RemoteEntryNotFoundError):
        return "the repository has no such file"
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0][:300] if lines else type(error).__name__
