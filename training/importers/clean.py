"""Small repairs that several formats need."""

from __future__ import annotations

from collections.abc import Sequence

from compute_router.training.importers.damage import Damage, Notes
from compute_router.training.importers.log_row import LogPath

__all__ = ["MARK", "distinct", "unmarked", "without_blank_end"]

MARK = "ки"
"""What compute-optimal-tts writes at the end of every step for its PRMs."""


def unmarked(text: str) -> str:
    """`text` without the step marks at the ends of its lines."""
    return "\n".join(line.removesuffix(MARK).rstrip(" ") for line in text.split("\n"))


def without_blank_end(
    steps: Sequence[str], scores: tuple[float, ...], notes: Notes, place: str
) -> tuple[float, ...]:
    """The scores without that of an empty last step, which would else be the path's last."""
    blanks = len(steps) - len("\0".join(steps).rstrip("\0 \n\t").split("\0"))
    if not scores or not blanks or len(scores) != len(steps) or blanks >= len(steps):
        return scores
    notes.add(Damage.EMPTY_STEP, place)
    return scores[: len(steps) - blanks]


def distinct(paths: Sequence[LogPath], notes: Notes, place: str) -> tuple[LogPath, ...]:
    """The paths of a tree search without copies of one text, with which missing beams were padded."""
    kept: dict[object, LogPath] = {}
    for i, path in enumerate(paths):
        kept.setdefault(i if path.text is None else path.text.rstrip(), path)
    notes.add(Damage.PADDED, place, len(paths) - len(kept))
    return tuple(kept.values())
