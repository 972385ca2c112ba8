"""Each kind of damage is found, named with its file and count, and costs no more than it must."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from import_kit import (
    answer,
    counts,
    question,
    sal_row,
    solution,
    tts_path,
    tts_record,
    tts_run,
    write_jsonl,
)

from compute_router.training.importers import Imported, import_logs
from compute_router.training.importers.damage import Notes
from compute_router.training.importers.lines import objects
from compute_router.training.importers.values import count_of, gold_of, level_of, scores_of, text_of, truth_of
from compute_router.training.sweep.record import read_records, write_records

N = 6


def beams(folder: Path, rows: list[Any]) -> Path:
    return write_jsonl(folder / "my-1b" / "best_of_n_completions.jsonl", rows)


def sound() -> list[dict[str, Any]]:
    return [sal_row(i, [solution(i), solution(i, 1)], completion_tokens=[40, 50]) for i in range(N)]


def damaged(folder: Path, change: Any) -> Imported:
    rows = sound()
    change(rows)
    return import_logs([beams(folder, rows)], prm="p")


def test_a_sound_log_has_nothing_to_report(tmp_path: Path) -> None:
    imported = damaged(tmp_path, lambda rows: None)
    assert len(imported.records) == N
    assert set(counts(imported)) == {"too little text to test whether completions fit"}


@pytest.mark.parametrize("at", [0, 3, N - 1])
def test_a_torn_line_costs_its_row_only(tmp_path: Path, at: int) -> None:
    lines = [json.dumps(row) for row in sound()]
    lines[at] = lines[at][: len(lines[at]) // 2]
    file = beams(tmp_path, [])
    file.write_text("\n".join(lines))
    imported = import_logs([file])
    assert len(imported.records) == N - 1
    finding = next(one for one in imported.report.files[0].findings if one.kind == "torn line")
    assert (finding.count, finding.dropped, finding.first) == (1, 1, f"{file.name} line {at + 1}")


@pytest.mark.parametrize(
    ("kind", "change", "left"),
    [
        ("value of the wrong type", lambda rows: rows.__setitem__(0, [1, 2]), N - 1),
        ("value of the wrong type", lambda rows: rows[0].update(completions="text"), N - 1),
        ("value of the wrong type", lambda rows: rows[0].update(completions=[1, 2]), N - 1),
        ("value of the wrong type", lambda rows: rows[0].update(scores="none"), N),
        ("value of the wrong type", lambda rows: rows[0].update(scores=[[True], ["a"]]), N),
        ("NaN or infinite score", lambda rows: rows[0].update(scores=[[float("nan")], [0.5]]), N),
        ("NaN or infinite score", lambda rows: rows[0].update(scores=[[None], [0.5]]), N),
        ("silent PRM failure", lambda rows: rows[0].update(scores=[[0.0], [0.5]]), N),
        ("silent PRM failure", lambda rows: rows[0].update(scores=[[[0.0, 0.0]], [0.5]]), N),
        ("score outside [0, 1]", lambda rows: rows[0].update(scores=[[1.5], [0.5]]), N),
        ("solution without an answer", lambda rows: rows[0].update(completions=["Hm.", "No."]), N),
        ("solution without an answer", lambda rows: rows[0].update(completions=[]), N - 1),
        ("correctness unknown", lambda rows: rows[0].pop("answer"), N),
        ("question logged again", lambda rows: rows.append(rows[0]), N),
        ("question logged again", lambda rows: rows.append({**rows[0], "completions": ["a", "b"]}), N + 1),
        ("tokens unknown", lambda rows: rows[0].update(completion_tokens=[-1, -1]), N),
        ("tokens unknown", lambda rows: rows[0].update(completion_tokens=[0, 5]), N),
    ],
)
def test_damage_in_a_row(tmp_path: Path, kind: str, change: Any, left: int) -> None:
    imported = damaged(tmp_path, change)
    assert counts(imported)[kind] >= 1
    assert len(imported.records) == left
    file = imported.report.files[0]
    assert file.records == left
    assert file.rows_read == left + file.dropped


def test_an_unusable_score_leaves_the_path_unscored(tmp_path: Path) -> None:
    row = damaged(tmp_path, lambda rows: rows[0].update(scores=[[0.0], [0.3]])).records[0]
    assert [path.scores for path in row.paths] == [(), (0.3,)]


def test_rewards_without_bounds_are_brought_between_0_and_1_in_their_order(tmp_path: Path) -> None:
    def change(rows: list[dict[str, Any]]) -> None:
        for row in rows:
            row["scores"] = [[-3.0], [4.0]]

    row = damaged(tmp_path, change).records[0]
    low, high = (path.scores[0] for path in row.paths)
    assert 0 < low < 0.5 < high < 1
    assert row.versions["scores"] == "logistic of the reward"


def test_bytes_that_are_not_utf8(tmp_path: Path) -> None:
    file = beams(tmp_path, sound())
    data = file.read_bytes().replace(b"shop", b"sh\xf6p", 1)
    file.write_bytes(data + b"\0\0\0\0\n")
    imported = import_logs([file])
    assert len(imported.records) == N
    assert counts(imported)["line that is not UTF-8"] == 1
    assert counts(imported)["torn line"] == 1, "blocks that were never written"


def test_what_is_not_named_is_said(tmp_path: Path) -> None:
    rows = [sal_row(i, [solution(i)]) for i in range(N)]
    imported = import_logs([write_jsonl(tmp_path / "best_of_n.jsonl", rows)])
    assert counts(imported)["PRM unnamed"] == N
    assert counts(imported)["policy model unnamed"] == N
    assert {row.prm for row in imported.records} == {None}


def test_empty_records_averages_alone_and_an_interrupted_run(tmp_path: Path) -> None:
    whole, cut, average = (tts_run(tmp_path, model=f"m-{i}b") for i in (1, 2, 3))
    (average / "avg_result.json").write_text('[{"majority_vote": 0.5}]')
    for i in range(N):
        record = tts_record(i, [tts_path(i)], majority_vote=1)
        write_jsonl(whole / f"question_{i}" / "record_0.jsonl", [record])
        if i < 3:
            write_jsonl(cut / f"question_{i}" / "record_0.jsonl", [record] if i else [])
    by_model = {file.file.split("/")[1]: file for file in import_logs([tmp_path]).report.files}
    found = {model: {one.kind: one.count for one in file.findings} for model, file in by_model.items()}
    assert found["m-3b"]["average without records"] == 1
    assert found["m-2b"]["empty record file"] == 2, "the file, and the question that it leaves without any"
    assert found["m-2b"]["question missing from an interrupted run"] == N - 2
    assert "question missing from an interrupted run" not in found["m-1b"]
    assert [by_model[f"m-{i}b"].records for i in (1, 2, 3)] == [N, 2, 0]


def test_an_empty_openr_record_beside_a_valid_config(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"method": "cot"}')
    (tmp_path / "record.jsonl").write_text("")
    imported = import_logs([tmp_path])
    assert counts(imported)["empty record file"] == 1
    assert imported.records == []


def test_a_dvts_question_with_a_missing_subtree_is_left_out(tmp_path: Path) -> None:
    run = tts_run(tmp_path, "beam_search", "40_4_1")
    for i in range(3):
        for j in range(3 if i else 2):
            write_jsonl(run / f"question_{i}" / f"record_{j}.jsonl", [tts_record(i, [tts_path(i, j)])])
    imported = import_logs([run])
    assert [row.problem for row in imported.records] == [question(1), question(2)]
    assert imported.report.files[0].dropped == 2


def test_a_question_repeated_throughout_is_no_damage(tmp_path: Path) -> None:
    rows = [{"question": question(i), "arm": "greedy", "correct": True} for i in range(N)] * 3
    imported = import_logs([write_jsonl(tmp_path / "a.jsonl", rows)], policy_model="m")
    assert len(imported.records) == 3 * N
    assert "question logged again" not in counts(imported)


def test_a_file_that_is_no_log_is_named_and_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.json").write_text('{"hello": "world"}')
    write_jsonl(tmp_path / "a.jsonl", [{"question": question(0), "arm": "greedy", "correct": True}])
    report = import_logs([tmp_path]).report
    assert [file.refused is None for file in report.files] == [True, False]


@settings(max_examples=60, deadline=None)
@given(cut=st.integers(0, 20_000), junk=st.binary(max_size=30))
def test_a_file_cut_anywhere_loses_the_cut_row_only(
    cut: int, junk: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    rows = sound()
    data = "".join(json.dumps(row) + "\n" for row in rows).encode()
    cut %= len(data) + 1
    file = tmp_path_factory.mktemp("cut") / "a.jsonl"
    file.write_bytes(data[:cut] + b"\n" + junk.replace(b"\n", b" "))
    notes = Notes()
    found = [row for _, row in objects(file, notes)]
    whole = data[:cut].count(b"\n")
    assert found[:whole] == rows[:whole]
    assert len(found) <= whole + 2
    assert notes.rows_read == len(found) + sum(notes.dropped.values())


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize("tokens", [2**64, 1e19, "1e19", 10**400])
def test_a_count_beyond_all_runs_is_unknown_and_costs_no_row(tmp_path: Path, tokens: Any) -> None:
    imported = damaged(tmp_path, lambda rows: rows[0].update(completion_tokens=[tokens, 50]))
    assert write_records(tmp_path / "sweep.jsonl", imported.records) == N
    assert imported.records[0].paths[0].tokens is None
    assert imported.records[1].paths[0].tokens == 40


@pytest.mark.parametrize("value", [2**64, 1e19, "1e400", -(2**64), "9" * 400])
def test_what_a_row_cannot_hold_is_unknown(tmp_path: Path, value: Any) -> None:
    rows = [{"question": "1 + 1?", "correct": 1, "seed": value, "params": value, "tokens": value}]
    model = f"llama-{'9' * 400}b"
    imported = import_logs([write_jsonl(tmp_path / "log.jsonl", rows)], policy_model=model)
    [record] = imported.records
    assert write_records(tmp_path / "sweep.jsonl", imported.records) == 1
    assert (record.seed, record.params, record.tokens, record.correct) == (None, None, None, True)


@settings(max_examples=300, deadline=None)
@given(ANYTHING)
def test_no_value_is_too_odd_to_be_read(value: Any) -> None:
    for read in (gold_of, text_of, truth_of):
        read(value)
    assert level_of(value) in (None, 1, 2, 3, 4, 5)
    assert 1 <= (count_of(value) or 1) < 2**63
    notes = Notes()
    scores = scores_of(value, notes, "here")
    assert all(isinstance(score, float) for score in scores)
    if scores:
        assert any(scores)
        assert not notes.counts


FIELDS = {
    "generic": "question correct arm tokens scores id predicted answer response seed elapsed_ms",
    "search-and-learn": "problem completions scores completion_tokens unique_id answer level",
    "openr": "question groundtruth result output",
    "rebase": "question model_answer ground_truth_answer total_tokens id",
    "its_hub": "unique_id budget response responses correct log_probs",
}


def nearly(form: str, row: dict[str, Any], odd: Any) -> dict[str, Any]:
    """A sound row of the form, with odd values in the places that `row` names."""
    sound: dict[str, Any] = {
        "question": question(0), "problem": question(0), "completions": [solution(0), odd],
        "scores": [[odd], odd],
        "output": [tts_path(0, scores=odd), odd], "groundtruth": "#### 1", "result": {"majority_vote": odd},
        "model_answer": [{"text": solution(0), "step_scores": odd}, odd], "budget": 2, "unique_id": "u",
        "responses": [solution(0), solution(0)], "correct": odd, "log_probs": [[odd], [0.1]],
    }  # fmt: skip
    return {key: value for key, value in sound.items() if key in FIELDS[form].split()} | row


@pytest.mark.parametrize("form", FIELDS)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_no_log_crashes_the_import(
    form: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    odd = st.dictionaries(st.sampled_from(FIELDS[form].split()), ANYTHING)
    rows = data.draw(st.lists(odd | st.builds(nearly, st.just(form), odd, ANYTHING), max_size=4))
    folder = tmp_path_factory.mktemp("any")
    imported = import_logs([write_jsonl(folder / "a.jsonl", rows)], form=form)
    report = imported.report.files[0]
    assert report.records == len(imported.records) == report.rows_read - report.dropped
    write_records(folder / "sweep.jsonl", imported.records)
    assert list(read_records(folder / "sweep.jsonl")) == imported.records


@pytest.mark.parametrize(
    ("value", "level"), [("Level 3", 3), (3, 3), ("3", 3), (3.0, 3), ("Level ?", None), (0, None)]
)
def test_levels(value: object, level: int | None) -> None:
    assert level_of(value) == level


@pytest.mark.parametrize(
    ("value", "gold"),
    [
        ("so #### 5", "5"),
        ("thus $\\boxed{\\frac12}$.", "\\frac12"),
        (5, "5"),
        (5.0, "5"),
        ("", None),
        (True, None),
    ],
)
def test_reference_answers(value: object, gold: str | None) -> None:
    assert gold_of(value) == gold


def test_the_kit_s_answers_are_right() -> None:
    assert all(str(answer(i)) in solution(i) for i in range(30))
