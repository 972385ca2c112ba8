"""Records as compute-optimal-tts and OpenR write them: `{"question", "groundtruth", "result", "output"}`."""

from __future__ import annotations

from compute_router.training.importers.clean import MARK, unmarked, without_blank_end
from compute_router.training.importers.damage import Damage, Notes
from compute_router.training.importers.lines import Row
from compute_router.training.importers.log_row import LogPath
from compute_router.training.importers.size import clean_name
from compute_router.training.importers.values import answer_of, count_of, scores_of, text_of, truth_of

__all__ = ["model_in", "outputs", "reward_model_in", "total_tokens", "verdict"]


def outputs(record: Row, notes: Notes, place: str) -> tuple[LogPath, ...]:
    """The paths of one record. Token totals stand on the last path only, so paths get none unless there is
    just one."""
    found = record.get("output")
    if not isinstance(found, list):
        notes.add(Damage.WRONG_TYPE, place)
        return ()
    paths = []
    for output in found:
        if not isinstance(output, dict):
            notes.add(Damage.WRONG_TYPE, place)
            continue
        text = output.get("text")
        marked = text.split(MARK + "\n") if isinstance(text, str) else []
        if len(marked) > 1 and not marked[-1]:
            marked.pop()  # the text ends with a mark
        logged = output.get("value")
        values = scores_of(output.get("reward_history") if logged is None else logged, notes, place)
        paths.append(
            LogPath(
                text=unmarked(text) if isinstance(text, str) else None,
                answer=None if isinstance(text, str) else answer_of(output.get("extracted_answer")),
                correct=verdict(record) if len(found) == 1 else None,
                tokens=total_tokens(record) if len(found) == 1 else None,
                scores=without_blank_end(marked, values, notes, place),
            )
        )
    return tuple(paths)


def total_tokens(record: Row) -> int | None:
    """What the whole record cost, over all its paths."""
    result = record.get("result")
    stated = count_of(result.get("total_completion_tokens")) if isinstance(result, dict) else None
    if stated is not None:
        return stated
    found = record.get("output")
    counts = [
        count_of(output.get("completion_tokens"))
        for output in (found if isinstance(found, list) else [])
        if isinstance(output, dict)
    ]
    known = [count for count in counts if count is not None]
    return sum(known) or None


def verdict(record: Row) -> bool | None:
    """Whether a record of one path was graded as right."""
    result = record.get("result")
    return truth_of(result.get("majority_vote")) if isinstance(result, dict) else None


def model_in(config: Row) -> str | None:
    """The policy model that a config.json names."""
    named = config.get("LM")
    first = named[0] if isinstance(named, list) and named else named
    text = text_of(first) if isinstance(first, str) else None
    return clean_name(text) if text else None


def reward_model_in(config: Row) -> str | None:
    """The PRM that a config.json names; their "dummy" stands for none."""
    named = config.get("RM")
    text = text_of(named) if isinstance(named, str) else None
    return clean_name(text) if text and text.lower() not in ("dummy", "none") else None
