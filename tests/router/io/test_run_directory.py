"""The run directory: what it survives, and what it refuses."""

from __future__ import annotations

import errno
import json
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from compute_router.errors import RunError
from compute_router.io.run_directory import Run

CONFIG = {"schema_version": 1, "seed": 0, "policy_model": {"name": "m", "params": 1}, "budget": None}
ZERO = dict.fromkeys(("prompt_tokens", "cached_tokens", "generated_tokens"), 0)


def row(name: str, error: dict[str, Any] | None = None, text: str = "") -> dict[str, Any]:
    return {
        "id": name,
        "problem": text,
        "answer": None if error else "1",
        "gold": None,
        "correct": None,
        "decision": None,
        "ledger": {
            "policy": ZERO,
            "prm": ZERO,
            "flops": {"policy_only": 0, "policy_prm": 0, "net": 0},
            "seconds": 0.5,
        },
        "degraded": None,
        "error": error,
    }


def failure(*, retryable: bool) -> dict[str, Any]:
    return {"type": "EngineError", "message": "gone", "retryable": retryable}


def write(folder: Path, *rows: dict[str, Any]) -> Path:
    with Run(folder, CONFIG) as run:
        for one in rows:
            run.append(one)
    return folder / "results.jsonl"


def ids(folder: Path) -> list[str]:
    with Run(folder, CONFIG) as run:
        return [found["id"] for found in run.rows()]


def refused(folder: Path, config: Any = CONFIG) -> str:
    with pytest.raises(RunError) as caught:
        Run(folder, config)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# --- what is written


def test_a_run_goes_on_where_it_was(tmp_path: Path) -> None:
    write(tmp_path, row("a"), row("b"))
    with Run(tmp_path, CONFIG) as run:
        assert run.done == {"a", "b"}
        run.append(row("c", text="Ω \n\0"))
        assert run.done == {"a", "b", "c"}
        summary = run.finish()
    assert ids(tmp_path) == ["a", "b", "c"]
    assert summary["problems"] == 3
    assert json.loads((tmp_path / "summary.json").read_bytes()) == summary
    assert json.loads((tmp_path / "config.json").read_bytes()) == CONFIG
    assert {path.name for path in tmp_path.iterdir()} == {
        ".lock",
        "config.json",
        "results.jsonl",
        "summary.json",
    }


def test_a_row_is_on_disk_as_soon_as_it_is_appended(tmp_path: Path) -> None:
    with Run(tmp_path, CONFIG) as run:
        run.append(row("a"))
        assert json.loads((tmp_path / "results.jsonl").read_bytes()) == row("a")


# --- torn and damaged files


@pytest.mark.parametrize("rows", [1, 3])
def test_a_last_line_torn_at_any_byte_counts_as_not_done(tmp_path: Path, rows: int) -> None:
    results = write(tmp_path, *(row(str(i), text="é\u2028") for i in range(rows)))
    whole = results.read_bytes()
    start = whole.rstrip(b"\n").rfind(b"\n") + 1
    for cut in range(start, len(whole)):
        results.write_bytes(whole[:cut])
        with Run(tmp_path, CONFIG) as run:
            assert run.done == {str(i) for i in range(rows - 1)}
            assert results.read_bytes() == whole[:start]
            run.append(row(str(rows - 1), text="é\u2028"))
        assert results.read_bytes() == whole


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"{}",
        b"\0\0\0\0",
        b"\xff",
        b'{"id": 7, "error": null}',
        b'{"id": "x", "error": null}',
        b'{"id": "x", "error": "text"}',
        b'{"id": "x", "error": {}}',
        json.dumps(row("x") | {"ledger": {}}).encode(),
        json.dumps(row("x") | {"ledger": None}).encode(),
        json.dumps(row("x"))[:-9].encode(),
        b"[" * 100_000,
    ],
    ids=lambda line: repr(line[:30]),
)
def test_damage_before_the_last_line_is_named_and_left_alone(tmp_path: Path, line: bytes) -> None:
    results = write(tmp_path, row("a"), row("b"), row("c"))
    first, _, third = results.read_bytes().splitlines(keepends=True)
    results.write_bytes(first + line + b"\n" + third)
    damaged = results.read_bytes()
    assert "results.jsonl line 2 is damaged" in refused(tmp_path)
    assert results.read_bytes() == damaged


def test_one_problem_twice_is_refused(tmp_path: Path) -> None:
    results = write(tmp_path, row("a"), row("b"))
    results.write_bytes(results.read_bytes() * 2)
    assert "line 3: 'a' is there twice" in refused(tmp_path)


# --- rows that failed


def test_a_row_that_another_try_may_mend_is_owed_again(tmp_path: Path) -> None:
    results = write(
        tmp_path,
        row("a"),
        row("b", failure(retryable=True)),
        row("c", failure(retryable=False)),
        row("d", failure(retryable=True)),
    )
    results.write_bytes(results.read_bytes() + b'{"id": "torn')
    with Run(tmp_path, CONFIG) as run:
        assert run.done == {"a", "c"}
        run.append(row("b"))
    assert ids(tmp_path) == ["a", "c", "b"]


# --- what is refused


@pytest.mark.parametrize(
    ("config", "names"),
    [
        (CONFIG | {"seed": 1}, "seed"),
        (CONFIG | {"budget": 7, "seed": 1}, "budget, seed"),
        (CONFIG | {"policy_model": {"name": "n", "params": 1}}, "policy_model.name"),
        (CONFIG | {"policy_model": None}, "policy_model"),
        (CONFIG | {"new": 1}, "new"),
        ({"schema_version": 1}, "policy_model, seed"),
    ],
)
def test_a_changed_configuration_is_refused_and_its_keys_are_named(
    tmp_path: Path, config: dict[str, Any], names: str
) -> None:
    before = write(tmp_path, row("a")).read_bytes()
    assert f"another configuration: {names};" in refused(tmp_path, config)
    assert (tmp_path / "results.jsonl").read_bytes() == before
    assert ids(tmp_path) == ["a"]


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[]", b"null", b"[" * 100_000])
def test_a_damaged_configuration_is_refused(tmp_path: Path, content: bytes) -> None:
    write(tmp_path, row("a"))
    (tmp_path / "config.json").write_bytes(content)
    assert "config.json is damaged" in refused(tmp_path)


def test_results_without_a_configuration_are_refused(tmp_path: Path) -> None:
    write(tmp_path, row("a"))
    (tmp_path / "config.json").unlink()
    assert "results.jsonl without config.json" in refused(tmp_path)
    assert not (tmp_path / "config.json").exists()


def test_the_second_writer_is_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    with Run(tmp_path, CONFIG) as run:
        assert "another process is writing" in refused(tmp_path)
        run.append(row("a"))
    assert ids(tmp_path) == ["a"]


def test_a_refused_run_lets_go_of_the_directory(tmp_path: Path) -> None:
    write(tmp_path, row("a"))
    refused(tmp_path, CONFIG | {"seed": 1})
    assert ids(tmp_path) == ["a"]


def test_a_place_that_is_no_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "cannot be used" in refused(tmp_path / "file")
    assert "cannot be used" in refused(tmp_path / "file" / "below")
    (tmp_path / "run" / "results.jsonl").mkdir(parents=True)
    (tmp_path / "run" / "config.json").write_text(json.dumps(CONFIG))
    assert "cannot be used" in refused(tmp_path / "run")


# --- a full disk


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """Files of this process end at `size` bytes, as on a disk that is full then."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("length", [0, 500, 100_000])
def test_a_full_disk_leaves_the_rows_before_intact(tmp_path: Path, length: int) -> None:
    results = write(tmp_path, row("a"))
    before = results.read_bytes()
    with Run(tmp_path, CONFIG) as run:
        with room_for(len(before) + 50), pytest.raises(RunError, match=r"results\.jsonl cannot be written"):
            run.append(row("b", text="x" * length))
        assert results.read_bytes() == before
        assert run.done == {"a"}
    # Nothing that was held back comes out when the file is closed and there is room again.
    assert results.read_bytes() == before
    write(tmp_path, row("b"))
    assert ids(tmp_path) == ["a", "b"]


def test_there_may_be_room_again(tmp_path: Path) -> None:
    with Run(tmp_path, CONFIG) as run:
        with room_for(50), pytest.raises(RunError):
            run.append(row("a"))
        run.append(row("a"))
    assert ids(tmp_path) == ["a"]


def test_a_full_disk_at_the_summary_is_one_error(tmp_path: Path) -> None:
    with Run(tmp_path, CONFIG) as run:
        run.append(row("a"))
        with room_for(100), pytest.raises(RunError, match=r"summary\.json cannot be written"):
            run.finish()
        assert not (tmp_path / "summary.json").exists()
        run.finish()
    assert ids(tmp_path) == ["a"]


def test_a_full_disk_at_the_start_is_one_error(tmp_path: Path) -> None:
    with room_for(10):
        assert "cannot be used" in refused(tmp_path)
    assert not (tmp_path / "config.json").exists()
    write(tmp_path, row("a"))


def test_a_write_cut_short_is_gone_on_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    real = os.write
    monkeypatch.setattr(os, "write", lambda file, data: real(file, bytes(data[:7])))
    write(tmp_path, row("a"), row("b"))
    monkeypatch.undo()
    assert ids(tmp_path) == ["a", "b"]


def test_a_failing_disk_is_one_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    def fail(file: int, data: bytes) -> int:
        raise OSError(errno.EIO, "I/O error")

    with Run(tmp_path, CONFIG) as run:
        monkeypatch.setattr(os, "write", fail)
        with pytest.raises(RunError, match="I/O error"):
            run.append(row("a"))
        monkeypatch.undo()
