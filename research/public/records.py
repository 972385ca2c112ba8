"""The compact sweeps of other systems in the data folder (its MANIFEST says what each one is), as records.

    python -m research public-records --data ../shared/data --out runs/public

Each sweep is one policy model with one PRM, so its rows are comparable; the matrices of many policy models
with one arm each are the exception. Where a log states no tokens they are estimated from the length of the
text, and `versions["tokens"]` says how.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from compute_router.training.importers.damage import Notes
from compute_router.training.importers.finish import finish
from compute_router.training.importers.log_row import LogRow
from compute_router.training.sweep.record import Record, write_records
from research.public.compact_sweeps import READERS

__all__ = ["parts", "public_sweeps", "write_public_records"]


def public_sweeps(data: Path) -> dict[str, list[Record]]:
    """Every compact file of `data`/sweeps, by the name of the sweep; answers are grouped and graded again.
    Raises OSError where a file is missing, GradingError where no grading worker starts."""
    split = [part for name, read in READERS.items() for part in parts(name, list(read(data)))]
    records = finish([row for _, rows in split for row in rows], Notes())
    found: dict[str, list[Record]] = {}
    done = 0
    for sweep, rows in split:
        found[sweep] = records[done : done + len(rows)]
        done += len(rows)
    return found


def parts(name: str, rows: list[LogRow]) -> Iterator[tuple[str, list[LogRow]]]:
    """One sweep a policy model. Arms that were run on less than half of its problems make a sweep of their
    own, of these problems and all arms."""
    if name.startswith("zeroeval"):
        yield name, rows
        return
    of_model: dict[str, list[LogRow]] = defaultdict(list)
    for row in rows:
        of_model[str(row.policy_model)].append(row)
    for model, some in of_model.items():
        title = name if len(of_model) == 1 else f"{name}-{model.lower()}"
        problems: dict[str, set[str]] = defaultdict(set)
        for row in some:
            problems[row.arm].add(str(row.problem_id))
        most = max(map(len, problems.values()))
        wide = {arm for arm, where in problems.items() if 2 * len(where) >= most}
        yield title, [row for row in some if row.arm in wide]
        if wide != set(problems):
            few = set().union(*(where for arm, where in problems.items() if arm not in wide))
            yield f"{title}-part", [row for row in some if row.problem_id in few]


def write_public_records(data: Path, out: Path) -> None:
    """Writes one sweep file for each public sweep into the folder `out`, and prints what each holds. Raises
    what `public_sweeps` raises."""
    for sweep, records in public_sweeps(data).items():
        count = write_records(out / f"{sweep}.jsonl", records)
        arms = sorted({record.arm for record in records})
        problems = {record.problem_id for record in records}
        print(f"{sweep}: {count:,} rows, {len(problems)} problems, {', '.join(arms)}")
