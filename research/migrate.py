"""Brings files of version 0.4 to the names of 0.5, once: arms, the PRM's name, file names.

    best_of_n:n=8,select=weighted,aggregate=last,drop=0.1,greedy=1,redo=2
    best_of_n:n=8,first=greedy,prune=0.1,backtrack=2,select=weighted,aggregate=last

The texts are replaced in place, so no figure is read and written again. Rows of a sweep that carry an arm's
name only go, and its manifest lists the arms. What is migrated already stays.
"""

from __future__ import annotations

import lzma
import re
from collections.abc import Sequence
from hashlib import sha256
from itertools import compress
from pathlib import Path

import orjson

from compute_router.errors import InputError
from compute_router.policies import SpecError, make, spec
from compute_router.training.sweep.record import read_records
from compute_router.training.sweep.run_sweep import folder
from compute_router.training.sweep.sweep_file import read_sweep
from research.sweeps.export_sweep import are_needed, arms_of

__all__ = ["migrate", "migrated"]

_SPEC = re.compile(r"best_of_n:[a-z]+=[A-Za-z0-9_.+-]*(?:,[a-z]+=[A-Za-z0-9_.+-]*)*")
_ORDER = ("n", "select", "aggregate", "stop", "reject", "accept", "drop", "greedy", "redo")
_KEYS = {"redo": "backtrack", "drop": "prune"}
_NAMES = (
    (re.compile(r'("(?:prm|name)": ?)"checks"'), r'\1"arithmetic-checker"'),
    (re.compile(r"(measured/[^\"/]+)/checks\b"), r"\1/arithmetic-checker"),
    (re.compile(r"(qwen2\.5-coder-[0-9.]+b)-checks\b"), r"\1-train"),
    (re.compile(r"\b(arms|held-out|train|[ab]|qwen2\.5-coder-0\.5b)-redo\b"), r"\1-backtrack"),
    (re.compile(r"\bredo-(more|[ab]\b)"), r"backtrack-\1"),
    (re.compile(r"\bruns/redo\b"), "runs/backtrack"),
)


def migrated(text: str) -> str:
    """The text with the names of 0.5. A spec in the canonical form comes out in the canonical form."""
    text = _SPEC.sub(lambda found: _spec(found.group()), text)
    for old, new in _NAMES:
        text = old.sub(new, text)
    return text


def _spec(text: str) -> str:
    given = [part.split("=", 1) for part in text.partition(":")[2].split(",")]
    keys = [key for key, _ in given]
    parts = [
        f"first={'greedy' if value == '1' else 'sample'}"
        if key == "greedy"
        else f"{_KEYS.get(key, key)}={value}"
        for key, value in given
    ]
    renamed = f"best_of_n:{','.join(parts)}"
    if keys[:3] != list(_ORDER[:3]) or keys != [key for key in _ORDER if key in keys]:
        return renamed
    try:
        return spec(make(renamed))
    except SpecError:
        return renamed


def migrate(paths: Sequence[Path]) -> list[Path]:
    """Migrate these files in place, archives of runs too; the new paths of those that changed."""
    changed = []
    for path in paths:
        packed = path.suffix == ".xz"
        before = _text(path, packed)
        after = _runs(migrated(before)) if packed else migrated(before)
        target = path.with_name(migrated(path.name))
        if (after, target) == (before, path):
            continue
        path.rename(target)
        target.write_bytes(lzma.compress(after.encode(), preset=9) if packed else after.encode())
        changed.append(target)
    for manifest in (path for path in paths if path.name.endswith(".manifest.json")):
        _rehash(manifest.with_name(migrated(manifest.name)))
    return changed


def _text(path: Path, packed: bool) -> str:
    try:
        return lzma.decompress(path.read_bytes()).decode() if packed else path.read_text("utf-8")
    except (UnicodeDecodeError, lzma.LZMAError) as error:
        raise InputError(f"{path} holds no text: {error}") from error


def _runs(text: str) -> str:
    """A run is named after its arm, and the version that wrote it no longer decides whether it goes on."""
    lines = text.split("\n")
    for at, line in enumerate(lines):
        if not line.startswith('{"run":'):
            continue
        opened = orjson.loads(line)
        config = opened["config"]
        opened["run"] = f"{Path(opened['run']).parent}/{folder(config['strategy'])}".removeprefix("./")
        if versions := config.get("versions"):
            versions.pop("compute-router", None)
            if versions["engine"].startswith("torch"):
                versions["engine"] = "torch"
        lines[at] = orjson.dumps(opened).decode()
    return "\n".join(lines)


def _rehash(path: Path) -> None:
    manifest = orjson.loads(path.read_bytes())
    rows = path.with_name(manifest["file"])
    manifest["arms"] = arms_of([read_sweep(rows)])
    needed = list(are_needed(list(read_records(rows))))
    lines = [line for line in rows.read_bytes().splitlines(keepends=True) if line.strip()]
    rows.write_bytes(b"".join(compress(lines, needed)))
    manifest |= {"rows": sum(needed), "sha256": sha256(rows.read_bytes()).hexdigest()}
    manifest["migrated"] = "python -m research migrate"
    path.write_bytes(orjson.dumps(manifest, option=orjson.OPT_INDENT_2) + b"\n")
