"""Logs in, records and a report out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from compute_router.training.importers.alignment_test import fit
from compute_router.training.importers.complete import Told, complete
from compute_router.training.importers.damage import Damage, Notes
from compute_router.training.importers.finish import finish
from compute_router.training.importers.import_report import FileReport, Report, findings
from compute_router.training.importers.log_row import LogRow
from compute_router.training.importers.problems import Problems
from compute_router.training.importers.token_counts import counter
from compute_router.training.importers.units import Unit, read_unit, units
from compute_router.training.sweep.record import Record

__all__ = ["Imported", "import_logs"]


@dataclass(frozen=True, slots=True)
class Imported:
    """The records of all logs that were not refused, and what became of each log."""

    records: list[Record]
    report: Report


@dataclass(slots=True)
class _Log:
    unit: Unit
    name: str
    notes: Notes
    rows: list[LogRow]
    refused: str | None = None
    share: float | None = None


def import_logs(
    paths: Iterable[Path | str],
    *,
    form: str | None = None,
    columns: Mapping[str, str] | None = None,
    policy_model: str | None = None,
    params: int | None = None,
    prm: str | None = None,
    tokenizer: str | None = None,
    problems: Iterable[Path | str] | None = None,
    force: bool = False,
) -> Imported:
    """Read logs of other systems as records.

    `form` is one of units.FORMS, found out for each log where None. `columns` maps fields of a record to the
    columns of a CSV or JSONL of nobody's format. `policy_model`, `params` and `prm` stand for what the logs
    do not name, or name only in their paths. `tokenizer` counts tokens that are not stated ("chars/4", or
    the name of a tokenizer); without, they stay unknown. `problems`: files that hold the texts, answers and
    levels of problems that the logs refer to. A log whose completions do not belong to its questions gives
    no records unless `force`.

    Damage is in the report and never raises. Raises InputError for what the call itself gets wrong: a path
    that is not there, an unknown form, column or tokenizer; GradingError where no grading worker starts.
    """
    told = Told(
        policy_model,
        params,
        prm,
        counter(tokenizer) if tokenizer is not None else None,
        Problems(map(Path, problems)) if problems is not None else None,
    )
    found = [unit for path in paths for unit in units(Path(path), form)]
    logs = [_read(unit, columns, told) for unit in dict.fromkeys(found)]
    _compare(logs)
    records: list[Record] = []
    files = []
    for log in logs:
        _test(log, force=force)
        made = [] if log.refused is not None else finish(log.rows, log.notes)
        records += made
        files.append(_report(log, len(made)))
    return Imported(records, Report(tuple(files)))


def _read(unit: Unit, columns: Mapping[str, str] | None, told: Told) -> _Log:
    notes = Notes()
    name = _name(unit.path)
    rows = complete(read_unit(unit, notes, columns), name, told, notes)
    log = _Log(unit, name, notes, rows)
    if unit.form is None:
        notes.add(Damage.UNKNOWN_FORM, unit.path.name)
        log.refused = "it is no log of a known form (with --columns, name what its columns hold)"
    return log


def _name(path: Path) -> str:
    """The last parts of the path: enough to tell logs apart, and not the machine they lie on."""
    return "/".join(path.parts[-4:] if path.is_dir() else path.parts[-2:]).lstrip("/")


def _compare(logs: list[_Log]) -> None:
    """A log whose questions are some of those of another of its form was interrupted, or cut on purpose."""
    of_form: dict[str | None, list[tuple[_Log, set[str | None]]]] = defaultdict(list)
    for log in logs:
        of_form[log.unit.form].append((log, {row.problem_id for row in log.rows}))
    for some in of_form.values():
        for log, asked in some:
            whole = max((other for _, other in some if asked < other), key=len, default=asked)
            if asked and len(whole) > len(asked) and not log.notes.counts[Damage.INTERRUPTED]:
                where = f"{len(asked)} of {len(whole)} questions"
                log.notes.add(Damage.INTERRUPTED, where, len(whole) - len(asked))


def _test(log: _Log, *, force: bool) -> None:
    """Refuse a log whose completions belong to other questions."""
    if not log.rows:
        return
    found = fit(log.rows)
    if not found.tested:
        log.notes.add(Damage.UNTESTED, log.name)
        return
    log.share = found.share
    if not found.misaligned:
        return
    log.notes.add(Damage.MISALIGNED, f"{found.share:.0%} of them", round(found.share * len(log.rows)))
    if not force:
        log.notes.dropped[Damage.MISALIGNED] += len(log.rows)
        log.refused = (
            f"about {found.share:.0%} of its completions belong to other questions "
            f"({found.questions} questions tested, chance {found.chance:.1g})"
        )


def _report(log: _Log, records: int) -> FileReport:
    notes = log.notes
    return FileReport(
        file=log.name,
        form=log.unit.form,
        rows_read=notes.rows_read,
        records=records,
        joined=notes.joined,
        dropped=sum(notes.dropped.values()),
        refused=log.refused,
        fit=log.share,
        findings=findings(notes),
    )
