"""Replay: what was sampled once gives every sampling strategy the very row that a run of its own would."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path
from typing import Any

import pytest
from router_kit import Cli, untimed

from compute_router.engines.replay import read_recording
from compute_router.errors import InputError

PROBLEMS = 12
LARGEST = "best_of_n:n=8,select=max,aggregate=mean"
REPLAYED = (
    LARGEST,
    "greedy",
    "majority:n=5",
    "majority:n=8,stop=certain",
    "majority:n=8,stop=0.9",
    "best_of_n:n=6,stop=0.9,select=weighted,aggregate=last",
    "best_of_n:n=6,first=greedy,stop=0.9,select=vote,aggregate=last",
    "reroute:n=8,m=4,probe=2,easy=stop,medium=majority,hard=best_of_n",
)


@pytest.fixture
def problems(tmp_path: Path) -> Path:
    path = tmp_path / "problems.jsonl"
    rows = [{"id": f"p{i}", "problem": f"Compute {i} + {3 * i}.", "answer": "40"} for i in range(PROBLEMS)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture
def recorded(cli: Cli, problems: Path, tmp_path: Path) -> Path:
    """A directory of two runs with the scripted engine: samples, and greedy."""
    for name, strategy in (("samples", LARGEST), ("one", "greedy")):
        solved(cli, problems, tmp_path / "recorded" / name, strategy, "--engine", "scripted")
    return tmp_path / "recorded"


def solved(cli: Cli, problems: Path, out: Path, strategy: str, *more: str) -> list[dict[str, Any]]:
    """The rows of a run without its seconds, with log-probabilities to six digits, and without the baseline's
    scores: the scripted engine withholds its last token's log-probability, and a row does not say so."""
    cli("solve", str(problems), "--out", str(out), "--strategy", strategy, "--json", *more)
    rows = [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]
    for row in rows:
        for path in row["paths"]:
            path["logprobs"] = [None if one is None else round(one, 6) for one in path["logprobs"]]
            path["scores"] = len(path["scores"])
        # Of equal answers the more probable path is named.
        row["chosen"] = row["paths"][row["chosen"]]["vote"] if row["paths"] else None
    return sorted(map(untimed, rows), key=lambda row: str(row["id"]))


def replayed(cli: Cli, problems: Path, out: Path, strategy: str, *runs: Path) -> list[dict[str, Any]]:
    flags = [flag for run in runs for flag in ("--recording", str(run))]
    return solved(cli, problems, out, strategy, "--engine", "replay", "--prm", "logprob-baseline", *flags)


@pytest.mark.parametrize("strategy", REPLAYED)
def test_a_replayed_row_is_the_row_of_a_run_of_its_own(
    strategy: str, cli: Cli, problems: Path, recorded: Path, tmp_path: Path
) -> None:
    live = solved(cli, problems, tmp_path / "live", strategy, "--engine", "scripted")
    again = replayed(cli, problems, tmp_path / "again", strategy, recorded)
    assert len(live) == PROBLEMS
    assert all(row["error"] is None for row in live)
    for one, other in zip(live, again, strict=True):
        assert one == other


def test_early_stops_are_replayed_where_they_stop(
    cli: Cli, problems: Path, recorded: Path, tmp_path: Path
) -> None:
    rows = replayed(cli, problems, tmp_path / "again", "majority:n=8,stop=certain", recorded)
    assert len({len(row["paths"]) for row in rows}) > 1, "a test in which nothing stops early shows nothing"


@pytest.mark.parametrize(
    "strategy", ["best_of_n:n=8,prune=0.6,aggregate=mean", "best_of_n:n=8,reject=0.5,aggregate=mean"]
)
def test_lone_chains_are_replayed_step_by_step(
    strategy: str, cli: Cli, problems: Path, recorded: Path, tmp_path: Path
) -> None:
    whole = {
        row["id"]: row for row in solved(cli, problems, tmp_path / "whole", LARGEST, "--engine", "scripted")
    }
    finishes = set()
    for row in replayed(cli, problems, tmp_path / "again", strategy, recorded):
        assert row["error"] is None
        generated = 0
        for path, sample in zip(row["paths"], whole[row["id"]]["paths"], strict=True):
            steps = len(path["steps"])
            assert path["steps"] == sample["steps"][:steps]
            assert path["tokens"] == sample["tokens"][:steps]
            assert (path["finish"] == "dropped") == (steps < len(sample["steps"]))
            finishes.add(path["finish"])
            generated += sum(path["tokens"])
        assert row["ledger"]["policy"]["generated_tokens"] == generated
    assert finishes == {"stop", "dropped"}, "a test in which nothing is dropped shows nothing"


@pytest.mark.parametrize(
    ("strategy", "message"),
    [
        ("beam:n=4,m=2", "step by step"),
        ("mcts:n=4,m=2", "step by step"),
        ("reroute:n=8,m=4,probe=2,easy=beam,medium=beam,hard=beam", "not this sample"),
        ("direct", "begun for the policy model"),
        ("majority:n=9", "has 9 solutions of this problem, and not this sample"),
    ],
)
def test_what_was_not_recorded_is_an_error_of_the_whole_problem(
    strategy: str, message: str, cli: Cli, problems: Path, recorded: Path, tmp_path: Path
) -> None:
    for row in replayed(cli, problems, tmp_path / "again", strategy, recorded):
        assert row["answer"] is None
        assert row["error"]["type"] == "InputError"
        assert message in row["error"]["message"]
        assert not row["error"]["retryable"]


def test_another_problem_another_id_and_a_budget_are_errors(
    cli: Cli, problems: Path, recorded: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.jsonl"
    other.write_text('{"id": "p0", "problem": "Compute 0 + 1."}\n{"id": "q", "problem": "Compute 1 + 3."}\n')
    unknown, renamed = replayed(cli, other, tmp_path / "a", "majority:n=2", recorded)
    assert "does not have this problem" in unknown["error"]["message"]
    assert "not this sample" in renamed["error"]["message"]
    flags = ("--engine", "replay", "--recording", str(recorded), "--budget", "10")
    rows = solved(cli, problems, tmp_path / "b", "majority:n=2", *flags)
    assert all("cannot be cut" in row["error"]["message"] for row in rows)


def test_the_larger_of_two_runs_and_the_order_of_runs_do_not_matter_where_they_agree(
    cli: Cli, problems: Path, recorded: Path, tmp_path: Path
) -> None:
    small = tmp_path / "small"
    solved(cli, problems, small, "majority:n=3", "--engine", "scripted")
    one = replayed(cli, problems, tmp_path / "a", "majority:n=8", small, recorded)
    other = replayed(cli, problems, tmp_path / "b", "majority:n=8", recorded, small)
    assert one == other


def test_the_bill_of_a_recording_is_shared_among_its_samples(recorded: Path) -> None:
    results = recorded / "samples" / "results.jsonl"
    rows = [json.loads(line) for line in results.read_text().splitlines()]
    for row in rows:
        row["ledger"]["policy"] |= {"prompt_tokens": 8 * 50, "cached_tokens": 7 * 49 + 3}
    results.write_text("".join(json.dumps(row) + "\n" for row in rows))
    for problem in read_recording([recorded / "samples"]).problems.values():
        assert problem.prompt_tokens == 50
        usages = [reply.usage for reply in problem.replies.values()]
        assert sum(usage.cached for usage in usages) == 7 * 49 + 3
        assert max(usage.cached for usage in usages) - min(usage.cached for usage in usages) <= 1


def test_log_probabilities_keep_their_sum_and_what_is_unknown_stays_unknown(recorded: Path) -> None:
    results = recorded / "samples" / "results.jsonl"
    rows = [json.loads(line) for line in results.read_text().splitlines()]
    rows[0]["paths"][0]["logprobs"][0] = None
    results.write_text("".join(json.dumps(row) + "\n" for row in rows))
    problems = read_recording([recorded / "samples"]).problems
    first, *_ = problems[rows[0]["problem"]].replies.values()
    assert first.steps_S[0].logprobs_T == ()
    for row in rows[1:]:
        for path, reply in zip(row["paths"], problems[row["problem"]].replies.values(), strict=True):
            for step, logprob in zip(reply.steps_S, path["logprobs"], strict=True):
                assert math.fsum(step.logprobs_T) == pytest.approx(logprob)
                assert len(step.logprobs_T) == len(step.tokens_T)


def test_a_torn_line_is_left_alone_and_a_damaged_one_is_named(recorded: Path) -> None:
    results = recorded / "samples" / "results.jsonl"
    content = results.read_bytes()
    results.write_bytes(content + b'{"id": "p')
    assert len(read_recording([recorded]).problems) == PROBLEMS
    for damage in (
        b"{\n",
        b"[]\n",
        b'{"id": "p0"}\n',
        content.splitlines()[0].replace(b'"steps"', b'"s"') + b"\n",
    ):
        results.write_bytes(content + damage)
        with pytest.raises(InputError, match=f"results.jsonl line {PROBLEMS + 1} is no"):
            read_recording([recorded])


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda config: config.update(seed=5), "seed"),
        (lambda config: config["limits"].update(temperature=0.9), "limits"),
        (lambda config: config["policy_model"].update(fingerprint="other"), "policy model"),
    ],
)
def test_runs_of_different_kinds_are_not_mixed(change: Any, named: str, recorded: Path) -> None:
    path = recorded / "samples" / "config.json"
    config = json.loads(path.read_text())
    change(config)
    path.write_text(json.dumps(config))
    with pytest.raises(InputError, match=f"has another {named} than"):
        read_recording([recorded])


def test_nothing_to_replay_and_no_configuration_are_clear(recorded: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no results\.jsonl"):
        read_recording([tmp_path / "nowhere"])
    (recorded / "one" / "results.jsonl").write_text("")
    with pytest.raises(InputError, match="nothing to replay in"):
        read_recording([recorded / "one"])
    (recorded / "one" / "config.json").write_text('{"seed": 1}')
    with pytest.raises(InputError, match=r"config\.json is no configuration of a run"):
        read_recording([recorded / "one"])


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--engine", "replay"), "--engine replay needs --recording DIR"),
        (("--recording", "{}"), "--recording is for --engine replay, not --engine embedded"),
        (("--engine", "replay", "--recording", "{}", "--seed", "3"), "made with --seed 0, not 3"),
        (("--engine", "replay", "--recording", "{}", "--policy-model", "0.5b"), "leave out --policy-model"),
    ],
)
def test_flags_that_do_not_go_together(
    flags: tuple[str, ...], message: str, cli: Cli, problems: Path, recorded: Path
) -> None:
    ran = cli("solve", str(problems), *(flag.format(recorded) for flag in flags))
    assert message in ran.refusal


def test_routing_needs_no_more_of_a_recording_than_its_model(
    cli: Cli, problems: Path, recorded: Path
) -> None:
    flags = ("--engine", "replay", "--recording", str(recorded), "--prm", "logprob-baseline", "--json")
    live = cli("route", str(problems), "--engine", "scripted", "--json")
    assert cli("route", str(problems), *flags).document == live.document


def test_another_recording_does_not_continue_a_run(
    cli: Cli, problems: Path, recorded: Path, tmp_path: Path
) -> None:
    replayed(cli, problems, tmp_path / "run", "greedy", recorded)
    shutil.rmtree(recorded / "samples")
    flags = ("--engine", "replay", "--recording", str(recorded), "--out", str(tmp_path / "run"))
    flags += ("--prm", "logprob-baseline")
    ran = cli("solve", str(problems), "--strategy", "greedy", *flags)
    assert "recording_sha256" in ran.refusal
