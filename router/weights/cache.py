"""The local cache of weight files: where it is, which file is which, and who may write.

<cache>/weights/<file>.gguf             complete and checked, or absent: only ever renamed into place
<cache>/weights/<file>.gguf.partial/    a download under way, or one to be resumed
<cache>/weights/<file>.gguf.lock        held while downloading
<cache>/weights/fingerprints/*.json     sha256 of any file seen, while its size and time stay the same
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from compute_router.errors import WeightsError
from compute_router.weights.progress import Progress

__all__ = ["exclusive", "fingerprint", "remember", "weights_folder"]

_CHUNK = 4 * 1024 * 1024  # bytes


def weights_folder() -> Path:
    """`weights` in $COMPUTE_ROUTER_CACHE, else in `compute-router` of the user's cache folder (XDG)."""
    if own := os.environ.get("COMPUTE_ROUTER_CACHE"):
        return Path(own).absolute() / "weights"
    shared = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if not shared.is_absolute():  # the XDG specification: a relative path is to be ignored
        try:
            shared = Path.home() / ".cache"
        except RuntimeError as error:
            raise WeightsError(
                "there is no home folder: name a cache folder in COMPUTE_ROUTER_CACHE"
            ) from error
    return shared / "compute-router" / "weights"


def fingerprint(path: Path, progress: Progress, *, afresh: bool = False) -> str:
    """The sha256 of a file, in hex. Known from before where size and time of change are the same.

    `afresh` reads the file again all the same (about 1 s for 500 MB). Raises OSError.
    """
    if not afresh and (known := _recall(path)):
        return known
    total, done = path.stat().st_size, 0
    sha = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            sha.update(chunk)
            done += len(chunk)
            progress(f"checking {path.name}", done, total)
    remember(path, sha.hexdigest())
    return sha.hexdigest()


def remember(path: Path, sha256: str) -> None:
    """Notes the hash of a file as it is now."""
    record = _record(path)
    # A cache that cannot be written (read-only, full) only costs the next start another second of hashing.
    with contextlib.suppress(OSError):
        record.parent.mkdir(parents=True, exist_ok=True)
        record.write_text(json.dumps({**_state(path), "sha256": sha256}))


def _recall(path: Path) -> str | None:
    try:
        note = json.loads(_record(path).read_bytes())
    except (OSError, ValueError):  # no note, or a torn one
        return None
    if not isinstance(note, dict) or {**note, **_state(path)} != note:
        return None
    sha256 = note.get("sha256")
    return sha256 if isinstance(sha256, str) else None


def _record(path: Path) -> Path:
    key = hashlib.sha256(os.fsencode(path.resolve())).hexdigest()[:32]
    return weights_folder() / "fingerprints" / f"{key}.json"


def _state(path: Path) -> dict[str, Any]:
    stat = path.stat()
    return {"path": str(path.resolve()), "bytes": stat.st_size, "mtime_ns": stat.st_mtime_ns}


@contextlib.contextmanager
def exclusive(lock: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Holds a lock against other threads and processes; calls `waiting` once if another one has it.

    The system lets go of it when its holder dies, so a killed download never blocks the next.
    """
    with lock.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
