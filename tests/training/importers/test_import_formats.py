"""Every format, as its own system writes it."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
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

from compute_router.errors import InputError
from compute_router.policies import make
from compute_router.training.importers import import_logs
from compute_router.training.importers.arm_names import named
from compute_router.training.sweep.implied_arms import canonical, strategy_of

WRONG = 7


def test_records_of_one_question_are_samples_of_best_of_n(tmp_path: Path) -> None:
    run = tts_run(tmp_path)
    for i in range(3):
        for j in range(4):
            path = tts_path(i, None if j == 3 else WRONG, tokens=50 + j, scores=[[0.1, 0.2, 0.2 + 0.1 * j]])
            record = tts_record(i, [path], majority_vote=int(j == 3), total_completion_tokens=50 + j)
            write_jsonl(run / f"question_{i}" / f"record_{j}.jsonl", [record])
    imported = import_logs([tmp_path])
    assert [row.arm for row in imported.records] == ["best_of_n:n=4,select=max,aggregate=last"] * 3
    row = imported.records[0]
    assert (row.policy_model, row.params, row.prm, row.prm_params) == (
        "Qwen2.5-1.5B", 1_500_000_000, "prm-7b", 7_000_000_000,
    )  # fmt: skip
    assert (row.problem, row.gold, row.tokens) == (question(0), str(answer(0)), 50 + 51 + 52 + 53)
    assert [path.correct for path in row.paths] == [False, False, False, True]
    assert [path.group for path in row.paths] == [0, 0, 0, 3]
    assert [path.tokens for path in row.paths] == [50, 51, 52, 53]
    assert row.correct is True, "the PRM's favourite is the right one, though most say otherwise"
    assert "ки" not in json.dumps([path.answer for path in row.paths])
    assert imported.report.files[0].joined == 9


def test_a_beam_run_and_a_dvts_run_are_told_apart(tmp_path: Path) -> None:
    beam = tts_run(tmp_path, "beam_search", "40_8_2")
    dvts = tts_run(tmp_path, "beam_search", "40_4_1")
    for i in range(3):
        paths = [tts_path(i, k) for k in (1, 2)]
        paths[-1]["completion_tokens"] = 300
        write_jsonl(beam / f"question_{i}" / "record_0.jsonl", [tts_record(i, paths)])
        for j in range(2):
            path = tts_path(i, None if j else WRONG, tokens=100, scores=[0.5, 0.5, 0.4 + 0.2 * j])
            write_jsonl(dvts / f"question_{i}" / f"record_{j}.jsonl", [tts_record(i, [path])])
    of_arm = {row.arm: row for row in import_logs([tmp_path]).records}
    assert set(of_arm) == {
        "beam:n=8,m=4,select=weighted,aggregate=last",
        "dvts:n=8,m=4,select=weighted,aggregate=last",
    }
    assert of_arm["beam:n=8,m=4,select=weighted,aggregate=last"].tokens == 300, "on the last path only"
    joined = of_arm["dvts:n=8,m=4,select=weighted,aggregate=last"]
    assert (joined.tokens, len(joined.paths), joined.correct) == (200, 2, True)
    assert joined.prm_tokens == 200
    assert "estimate" in joined.versions["prm_tokens"]


def test_a_search_logged_twice_for_some_questions_is_repeated_not_joined(tmp_path: Path) -> None:
    run = tts_run(tmp_path, "beam_search", "40_4_1")
    for i in range(4):
        for j in range(2 if i == 0 else 1):
            write_jsonl(run / f"question_{i}" / f"record_{j}.jsonl", [tts_record(i, [tts_path(i, j)])])
    imported = import_logs([tmp_path])
    assert [row.arm.partition(",sel")[0] for row in imported.records] == ["beam:n=4,m=4"] * 5
    assert counts(imported)["question with another number of records"] == 1


def test_search_and_learn_beams_lose_their_padding_and_the_empty_step(tmp_path: Path) -> None:
    rows = []
    for i in range(3):
        whole, partial = solution(i), solution(i, WRONG) + "\n\n"
        scores = [[0.1, 0.2, 0.9], [0.1, 0.2, 0.3, 0.99], [0.1, 0.2, 0.9], [0.1, 0.2, 0.9]]
        rows.append(sal_row(i, [whole, partial, whole, whole], scores=scores))
    write_jsonl(tmp_path / "QwenQwen2.5-7B-Instruct-_n4_b0.1_q3" / "beam_search_completions.jsonl", rows)
    file = write_jsonl(tmp_path / "beam_search" / "QwenQwen2.5-7B-Instruct-_n4_b0.1_q3.jsonl", rows)
    row = import_logs([file], prm="the-prm-8b", tokenizer="chars/4").records[0]
    assert (row.policy_model, row.arm) == (
        "Qwen2.5-7B-Instruct",
        "beam:n=4,m=4,select=weighted,aggregate=last",
    )
    assert (row.problem_id, row.level, row.prm, row.prm_params) == (
        "test/0.json",
        3,
        "the-prm-8b",
        8_000_000_000,
    )
    assert [len(path.scores) for path in row.paths] == [3, 3], "the empty step's 0.99 must not decide"
    assert row.correct is True
    each = (len(solution(0)) + len(solution(0, WRONG) + "\n\n")) / 2 / 4
    assert row.tokens == pytest.approx(4 * each, abs=3), "0 is unknown, not free"
    assert row.versions["tokens"].startswith("estimate: characters / 4")


@pytest.mark.parametrize(
    ("name", "arm"),
    [
        ("own--T-0.8--n-4--m-2--look-0--seed-3--agg_strategy--last/dvts_completions.jsonl", "dvts:n=4,m=2"),
        ("My-1B/best_of_n_completions.jsonl", "best_of_n:n=4,select=max"),
        ("My-1B/beam_search_completions.jsonl", "beam:n=4,m=4"),
    ],
)
def test_search_and_learn_names_tell_the_arm(tmp_path: Path, name: str, arm: str) -> None:
    rows = [sal_row(i, [solution(i, k) for k in range(4)]) for i in range(2)]
    records = import_logs([write_jsonl(tmp_path / name, rows)]).records
    assert all(row.arm.startswith(arm) and len(row.paths) == 4 for row in records)
    assert [row.seed for row in records] == [3 if "seed-3" in name else None] * 2
    assert records[0].tokens is None


def test_too_few_beams_for_our_search_keep_the_log_s_own_name(tmp_path: Path) -> None:
    rows = [sal_row(0, [solution(0, 1), solution(0, 2)])]
    row = import_logs([write_jsonl(tmp_path / "M" / "beam_search_completions.jsonl", rows)]).records[0]
    assert row.arm == "beam_search_n2"


def test_openr_runs(tmp_path: Path) -> None:
    for name, method, options in (
        ("a", "best_of_n", {}),
        ("b", "beam_search", {"tree_max_width": 4, "beam_size": 2}),
        ("c", "vanila_mcts", {}),
    ):
        config = {"method": method, "method_config": options, "LM": "m-3b", "RM": "dummy"}
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").write_text(json.dumps(config))
        rows = [
            tts_record(i, [tts_path(i, k) for k in range(2)], total_completion_tokens=90) for i in range(2)
        ]
        write_jsonl(tmp_path / name / "record.jsonl", rows)
    records = import_logs([tmp_path]).records
    assert [row.arm.partition(",")[0] for row in records[::2]] == ["best_of_n:n=2", "beam:n=8", "vanila_mcts"]
    assert {(row.policy_model, row.params, row.prm, row.tokens) for row in records} == {
        ("m-3b", 3_000_000_000, None, 90)
    }


def test_rebase_folders(tmp_path: Path) -> None:
    for i in range(3):
        answers = [
            {"text": solution(i, k), "step_scores": [0.1, 0.1 * k + 0.1]} for k in (answer(i), WRONG, WRONG)
        ]
        answers[0]["step_scores"] = [0.9, 0.9]
        document = {
            "id": i, "question": question(i), "model_answer": answers,
            "ground_truth_answer": f"so #### {answer(i)}", "total_tokens": 400 if i else -1,
        }  # fmt: skip
        (tmp_path / f"answer_q{i}.json").write_text(json.dumps(document))
    records = import_logs([tmp_path], policy_model="m-7b", prm="p").records
    assert [row.arm.partition(",")[0] for row in records] == ["rebase:n=3"] * 3
    assert [row.tokens for row in records] == [None, 400, 400]
    assert records[0].gold == str(answer(0))
    assert len({row.problem_id for row in records}) == 3


def test_its_hub_rows_are_joined_with_their_problems(tmp_path: Path) -> None:
    problems = write_jsonl(
        tmp_path / "problems.jsonl",
        [{"unique_id": f"t/{i}", "problem": question(i), "answer": answer(i), "level": 2} for i in range(3)],
    )
    rows = [
        {
            "unique_id": f"t/{i}",
            "budget": n,
            "response": solution(i, None if n == 8 else WRONG),
            "correct": n == 8,
        }
        for i in range(3)
        for n in (1, 8)
    ]
    file = write_jsonl(tmp_path / "logs" / "self_consistency.jsonl", rows)
    records = import_logs([file], problems=[problems], policy_model="m-1b").records
    assert {row.arm: row.correct for row in records} == {"majority:n=1": False, "majority:n=8": True}
    assert [len(row.paths) for row in records] == [1, 0] * 3, "of eight samples one was kept: it is no path"
    assert (records[0].problem, records[0].gold, records[0].level) == (question(0), str(answer(0)), 2)


def test_a_csv_is_read_by_the_names_of_its_columns(tmp_path: Path) -> None:
    file = tmp_path / "own.csv"
    with file.open("w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(
            ["question", "gold_answer", "x_strategy", "predicted", "correct", "tokens", "level", "model"]
        )
        for i in range(3):
            writer.writerow(
                [question(i), answer(i), "majority:n=4", answer(i), "true", -1, "Level 4", "m-0.5B"]
            )
            writer.writerow([question(i), answer(i), "adaptive", WRONG, "true", 90, "4", "m-0.5B"])
    imported = import_logs([file])
    assert [row.correct for row in imported.records] == [True, False] * 3, (
        "graded again, whatever the log says"
    )
    assert counts(imported)["graded otherwise than logged"] == 3
    assert {(row.arm, row.tokens, row.level, row.params) for row in imported.records} == {
        ("majority:n=4", None, 4, 500_000_000),
        ("adaptive", 90, 4, 500_000_000),
    }


def test_columns_are_told(tmp_path: Path) -> None:
    file = write_jsonl(
        tmp_path / "own.jsonl",
        [{"q": question(i), "ok": [1, 0, 1], "how": "best_of_n:n=3", "who": "m"} for i in range(2)],
    )
    columns = {"problem": "q", "correct": "ok", "arm": "how", "policy_model": "who"}
    records = import_logs([file], form="generic", columns=columns).records
    assert [[path.correct for path in row.paths] for row in records] == [[True, False, True]] * 2
    assert records[0].arm == "best_of_n:n=3,select=max,aggregate=last"
    for wrong in ({"problem": "nothing"}, {"no_field": "q"}):
        with pytest.raises(InputError):
            import_logs([file], form="generic", columns=wrong)


def test_one_name_cannot_stand_for_several_policy_models(tmp_path: Path) -> None:
    rows = [{"question": question(0), "model": name, "arm": "greedy", "correct": True} for name in "ab"]
    file = write_jsonl(tmp_path / "own.jsonl", rows)
    assert {row.policy_model for row in import_logs([file]).records} == {"a", "b"}
    with pytest.raises(InputError, match="2 policy models"):
        import_logs([file], policy_model="c")


def test_every_canonical_arm_is_a_strategy_of_ours(tmp_path: Path) -> None:
    run = tts_run(tmp_path, "beam_search", "40_16_4")
    write_jsonl(run / "question_0" / "record_0.jsonl", [tts_record(0, [tts_path(0)])])
    assert make(import_logs([run]).records[0].arm).needs_prm


def test_what_is_not_there_is_an_error() -> None:
    with pytest.raises(InputError, match="no such file"):
        import_logs(["/nowhere/at/all"])
    with pytest.raises(InputError, match="no form"):
        import_logs(["."], form="parquet")
    with pytest.raises(InputError):
        import_logs(["."], tokenizer="chars/0")


@pytest.mark.parametrize("name", ["beam-4", "vote-8", "best-of-8", "weighted-4+early"])
def test_another_systems_arm_that_looks_like_a_short_name_keeps_its_name(name: str) -> None:
    assert named(name).name == name
    assert canonical(name) == name
    assert strategy_of(name) is None
