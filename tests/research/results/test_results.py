"""What the results say: shares of tokens and differences as they are, and Markdown that holds together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from compute_router.decide.price import Price
from compute_router.decide.table import load_table
from compute_router.difficulty import load
from compute_router.errors import InputError
from compute_router.training.evaluation.crossfit import crossfit, crossfitted
from compute_router.training.evaluation.folds import folds, identities
from compute_router.training.evaluation.gain import CURVE
from compute_router.training.outcomes.outcome_matrix import Floats, Ints, OutcomeMatrix
from compute_router.training.prm.prm_report import kinds
from compute_router.training.sweep.record import Record, RecordedPath, read_records, write_records
from compute_router.training.tables import fit_row
from research.results.again import ARMS as AGAIN
from research.results.again import BACKTRACKING, ONE, again, agreements, drawn
from research.results.command import _row, largest, predictor_of, results
from research.results.samples import joined, scored
from research.results.versus import (
    DECISION_TOKENS,
    NEAR,
    against,
    at_same_accuracy,
    at_same_tokens,
    routed,
    with_average_budget,
)
from support.evaluation_kit import knows, simulated
from support.places import ROOT

SWEEP = ROOT / "research/data/sweeps" / "qwen2.5-coder-0.5b.jsonl"
ARMS = ("greedy", "majority:n=4", "beam:n=4,m=2")
PREDICTOR = load(ROOT / "configs" / "difficulty")


@dataclass(frozen=True, eq=False)
class Settled:
    """A contest whose router takes an arm by the price, or the best one by problem."""

    matrix: OutcomeMatrix
    by_problem: bool = False
    mode: str = "by hand"
    notes: tuple[str, ...] = ()

    @property
    def bins_P3(self) -> Floats:
        return np.full((len(self.matrix.problems_P), 3), 1 / 3)

    def router(self, price: Price) -> Ints:
        if self.by_problem:
            return self.matrix.accuracy_PA.argmax(axis=1)
        n = len(self.matrix.problems_P)
        return np.full(n, 2 if price.value < 0.01 else 1 if price.value < 0.1 else 0, dtype=np.int64)

    def best_fixed(self, price: Price) -> Ints:
        return np.zeros(len(self.matrix.problems_P), dtype=np.int64)


@pytest.fixture
def matrix() -> OutcomeMatrix:
    found, _ = simulated(
        400, ((0.8, 0.3, 0.0), (0.9, 0.5, 0.1), (0.9, 0.6, 0.2)), tokens=(100.0, 400.0, 900.0), arms=ARMS
    )
    return replace(found, prm_tokens_PA=np.zeros_like(found.prm_tokens_PA))


def _with_another_arm(matrix: OutcomeMatrix, accuracy: float, tokens: float) -> OutcomeMatrix:
    """One more arm, that the router never takes."""
    new = np.ones((len(matrix.problems_P), 1))
    return replace(
        matrix,
        arms_A=(*matrix.arms_A, "dvts:n=4,m=2"),
        accuracy_PA=np.hstack([matrix.accuracy_PA, accuracy * new]),
        tokens_PA=np.hstack([matrix.tokens_PA, tokens * new]),
        prm_tokens_PA=np.hstack([matrix.prm_tokens_PA, 0 * new]),
    )


def test_the_arm_itself_differs_by_its_decision_alone(matrix: OutcomeMatrix) -> None:
    prices = [Price(0.0), Price(0.05), Price(0.5)]
    found = against(Settled(matrix), [ARMS[2], ARMS[1], ARMS[0]], prices, seed=0)
    assert [(one.arm, one.prices) for one in found] == [
        (arm, (price,)) for arm in (ARMS[2], ARMS[1], ARMS[0]) for price in prices
    ]
    for one, tokens in ((found[0], 900), (found[4], 400), (found[8], 100)):
        assert one.difference == 0
        assert one.difference_interval == (0, 0)
        assert one.share == pytest.approx((tokens + DECISION_TOKENS) / tokens)
        assert one.share_interval == pytest.approx((one.share, one.share))


def test_the_interval_of_a_difference_is_paired_and_holds_it(matrix: OutcomeMatrix) -> None:
    best = Settled(matrix, by_problem=True)
    for one in against(best, ARMS, [Price(0.0)], seed=0):
        low, high = one.difference_interval
        assert 0 <= low < one.difference < high  # on no problem worse than any arm
        assert one.share_interval[0] < one.share < one.share_interval[1]
        assert one.share == pytest.approx(one.tokens / one.arm_tokens)
        assert one.difference == pytest.approx(one.accuracy - one.arm_accuracy)


def test_at_the_same_tokens_the_router_spends_what_the_arm_spends(matrix: OutcomeMatrix) -> None:
    contest = Settled(matrix)
    found = {one.arm: one for one in at_same_tokens(contest, seed=0)}
    assert set(found) == set(ARMS)
    for one in found.values():  # which are the router's own arms
        assert one.tokens == pytest.approx(one.arm_tokens + DECISION_TOKENS)
        assert one.difference == pytest.approx(0)


def test_between_two_prices_problems_are_divided(matrix: OutcomeMatrix) -> None:
    """An arm half as dear again as the router's cheapest lies between that one and its next."""
    more = _with_another_arm(matrix, accuracy=0.0, tokens=250.0)
    [found] = [one for one in at_same_tokens(Settled(more), seed=0) if one.arm == more.arms_A[3]]
    assert len(found.prices) == 2
    assert found.tokens == pytest.approx(251)
    cheap, dear = matrix.accuracy_PA[:, 0].mean(), matrix.accuracy_PA[:, 1].mean()
    assert found.accuracy == pytest.approx((cheap + dear) / 2)


def test_arms_cheaper_than_the_router_ever_is_are_left_out(matrix: OutcomeMatrix) -> None:
    dear = replace(matrix, tokens_PA=matrix.tokens_PA + np.array([0.0, 400.0, 0.0]))
    only = Settled(dear.columns([ARMS[1], ARMS[2], ARMS[0]]), by_problem=True)
    assert ARMS[0] not in {one.arm for one in at_same_tokens(only, seed=0)}


def test_an_average_budget_is_kept_and_goes_where_it_pays() -> None:
    """Easy problems gain nothing by the dear arms, hard ones much by the dearest."""
    right = ((0.9, 0.1, 0.0), (0.9, 0.2, 0.1), (0.9, 0.8, 0.7))
    known, bin_P = simulated(400, right, tokens=(100.0, 400.0, 900.0), arms=ARMS)
    known = replace(known, prm_tokens_PA=np.zeros_like(known.prm_tokens_PA))
    fold_P = folds(identities(known), 5, 0)
    contest = crossfit(known, fold_P, knows(bin_P, fold_P), 0)
    found = {one.arm: one for one in with_average_budget(contest, seed=0)}
    assert set(found) == set(ARMS)
    for one in found.values():
        assert one.tokens <= one.arm_tokens + DECISION_TOKENS + 1e-6
        assert one.prices == ()
    assert found[ARMS[0]].difference == 0
    assert found[ARMS[0]].tokens == 100 + DECISION_TOKENS
    assert found[ARMS[1]].difference_interval[0] > 0.05
    chosen = contest.shared(400.0)
    assert (chosen[bin_P == 0] == 0).all()
    assert (chosen[bin_P == 2] == 2).any()


def test_at_the_same_accuracy_the_router_is_no_worse_and_as_cheap_as_it_can_be(matrix: OutcomeMatrix) -> None:
    contest = Settled(matrix)
    found = {one.arm: one for one in at_same_accuracy(contest, ARMS, seed=0)}
    assert set(found) == set(ARMS)
    bills = [routed(contest, price) for price in CURVE]
    for one in found.values():
        assert one.difference >= -NEAR - 1e-12
        able = [tokens.mean() for accuracy, tokens in bills if accuracy.mean() >= one.arm_accuracy - NEAR]
        if len(one.prices) == 1:
            assert one.tokens == min(able)
        else:  # between two neighbours, just as often right as it may be
            assert one.difference == pytest.approx(-NEAR)
            (_, cheap_P), (_, dear_P) = (routed(contest, price) for price in one.prices)
            assert cheap_P.mean() < one.tokens < dear_P.mean() == min(able)
    assert {len(one.prices) for one in found.values()} == {1, 2}
    never = _with_another_arm(matrix, accuracy=1.0, tokens=250.0)
    assert at_same_accuracy(Settled(never), [never.arms_A[3]], seed=0) == []


@pytest.mark.parametrize(("above", "counts"), [(0.004, True), (0.006, False)])
def test_half_a_point_below_counts_as_equal(matrix: OutcomeMatrix, above: float, counts: bool) -> None:
    reached = matrix.accuracy_PA[:, 2].mean()  # the best that its router takes
    better = _with_another_arm(matrix, accuracy=reached + above, tokens=5000.0)
    found = at_same_accuracy(Settled(better), [better.arms_A[3]], seed=0)
    assert bool(found) is counts


def test_what_was_learned_before_is_where_the_folds_start(matrix: OutcomeMatrix) -> None:
    named = replace(
        matrix,
        policy_model="tiny",
        prm="arithmetic-checker",
        texts_P=tuple(f"Compute {i} + 1." for i in range(400)),
    )
    half = np.arange(400) < 200
    uniform = np.full((200, 3), 1 / 3)
    prior = fit_row(named.rows(half), uniform, None, seed=0, frontier=False)
    [alone] = crossfitted([named.rows(~half)], lambda out: PREDICTOR, 0)
    [started] = crossfitted([named.rows(~half)], lambda out: PREDICTOR, 0, [prior])
    shrunk_towards = {arm.leans_on for rows in started.rows_F for row in rows.values() for arm in row.arms}
    assert shrunk_towards == {prior.id}
    assert {arm.leans_on for rows in alone.rows_F for row in rows.values() for arm in row.arms} == {None}


def test_only_a_row_of_the_same_policy_model_and_prm_is_started_from(matrix: OutcomeMatrix) -> None:
    table = load_table(ROOT / "research" / "data" / "learned" / "table.json")
    model = "Qwen2.5-Coder-0.5B-Instruct"
    ours = replace(matrix, policy_model=model, params=494032768, prm="arithmetic-checker")
    row = _row(table, ours)
    assert row is not None
    assert (row.policy_model, row.prm) == (model, "arithmetic-checker")
    assert _row(table, replace(ours, policy_model="another")) is None
    assert _row(table, replace(ours, prm="another")) is None


def test_a_folder_with_a_table_alone_goes_with_the_shipped_predictor(tmp_path: Path) -> None:
    assert predictor_of(ROOT / "research" / "data" / "learned").samefile(ROOT / "configs" / "difficulty")
    (tmp_path / "manifest.json").write_text("{}")
    assert predictor_of(tmp_path) == tmp_path


def test_the_largest_of_each_way_to_select() -> None:
    arms = [
        "majority:n=2",
        "greedy",
        "majority:n=16",
        "best_of_n:n=4,select=max,aggregate=last",
        "a log's own",
    ]
    arms += [f"best_of_n:n={n},select=max,aggregate=last" for n in (4, 8)]
    arms += ["majority:n=32,stop=0.8", "beam:n=64,m=4"]
    assert largest(arms) == ["best_of_n:n=8,select=max,aggregate=last", "majority:n=16"]


def record(problem: str, arm: str, scores: list[float | None], text: str | None = None) -> Record:
    paths = tuple(
        RecordedPath(str(i), i, i == 0, 10, () if one is None else (0.1, one)) for i, one in enumerate(scores)
    )
    return Record(problem, "m", arm, True, problem=text, prm="arithmetic-checker", paths=paths)


def test_of_each_problem_the_row_with_most_scored_samples_counts() -> None:
    arm = "best_of_n:n={},select=max,aggregate=last"
    records = [
        record("sum-1", arm.format(2), [0.9, 0.2]),
        record("sum-1", arm.format(3), [0.9, 0.2, 0.3]),
        record("gsm8k-1", arm.format(2), [0.4, 0.6]),
        record("gsm8k-2", arm.format(2), [None, None]),
        record("gsm8k-3", "beam:n=4,m=2", [0.4, 0.6]),
    ]
    problems, scores = scored(records)
    assert [(one.kind, len(one.paths_N)) for one in problems] == [("sum", 3), ("gsm8k", 2)]
    assert scores == [((0.1, 0.9), (0.1, 0.2), (0.1, 0.3)), ((0.1, 0.4), (0.1, 0.6))]
    pooled, *_ = kinds(problems, scores, 0)
    assert pooled.prm.auroc is not None
    assert pooled.prm.auroc.mean == pytest.approx(0.5)  # ordered right once, wrong once


def test_texts_and_answers_come_back_by_id_and_none_is_overwritten() -> None:
    records = [record("a", "greedy", []), record("b", "greedy", [], "own"), record("c", "greedy", [])]
    found = joined(records, {name: {"problem": name.upper(), "answer": "1"} for name in "ab"})
    assert [(one.problem, one.gold) for one in found] == [("A", "1"), ("own", None), (None, None)]


def test_the_shipped_sweep_as_markdown(capsys: pytest.CaptureFixture[str]) -> None:
    results([SWEEP])
    out = capsys.readouterr().out
    assert len({one.problem_id for one in read_records(SWEEP)}) > 20
    assert out.count("### ") >= 6
    width = 0
    for line in out.splitlines():
        if not line.startswith("|"):
            width = 0
            continue
        cells = line.count("|")
        assert width in (0, cells), line
        width = cells


def test_several_sweeps_are_read_as_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = SWEEP.read_bytes().splitlines(keepends=True)
    beam = "beam:n=4,m=2,select=weighted,aggregate=last"
    trees = [
        replace(one, arm=beam, paths=(), correct=at % 3 == 0)
        for at, one in enumerate(read_records(SWEEP))
        if one.paths and one.arm != "greedy"
    ]
    parts = [tmp_path / "first.jsonl", tmp_path / "second.jsonl", tmp_path / "trees.jsonl"]
    parts[0].write_bytes(b"".join(rows[::2]))
    parts[1].write_bytes(b"".join(rows[1::2]))
    write_records(parts[2], trees)
    results(parts)
    out = capsys.readouterr().out
    for arm in {one.arm for one in read_records(SWEEP)} | {beam}:
        assert f"| `{arm}` |" in out
    assert "### Tree search beside a vote of as many samples" in out
    assert f"| `{beam}` | hard |" in out


def test_some_problems_are_picked_by_their_ids(capsys: pytest.CaptureFixture[str]) -> None:
    sums = {one.problem_id for one in read_records(SWEEP) if one.problem_id.startswith("sum-")}
    results([SWEEP], problems="sum-")
    assert f"\n{len(sums)} problems (" in capsys.readouterr().out
    assert 0 < len(sums) < len({one.problem_id for one in read_records(SWEEP)})


def test_a_slice_run_again_is_held_against_the_same_problems(matrix: OutcomeMatrix) -> None:
    lower = replace(matrix, accuracy_PA=matrix.accuracy_PA * np.array([1.0, 0.5, 1.0]))
    some = lower.rows(np.arange(50, 90)[::-1]).columns([ARMS[1], ARMS[0]])
    found = {(one.arm, one.figure): one for one in agreements(matrix, some, ARMS, 0)}
    assert set(found) == {(arm, figure) for arm in ARMS[:2] for figure in ("accuracy", "tokens")}
    same, halved = found[ARMS[0], "accuracy"], found[ARMS[1], "accuracy"]
    assert same.agrees
    assert same.before == same.now == pytest.approx(matrix.accuracy_PA[50:90, 0].mean())
    assert not halved.agrees
    assert halved.now == pytest.approx(halved.before / 2)
    assert {one.arm for one in agreements(matrix, some, ARMS[:1], 0)} == set(ARMS[:1])
    assert not list(agreements(matrix, some, (), 0))


def test_figures_run_again_are_judged_together(matrix: OutcomeMatrix) -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, matrix.accuracy_PA.shape)
    now = replace(
        matrix, accuracy_PA=matrix.accuracy_PA + noise, tokens_PA=matrix.tokens_PA * (1 + noise[::-1])
    )

    def widths(arms: Sequence[str]) -> dict[tuple[str, str], float]:
        found = agreements(matrix, now, arms, 0)
        return {(one.arm, one.figure): one.interval[1] - one.interval[0] for one in found}

    alone, among_six = widths(ARMS[:1]), widths(ARMS)
    assert len(among_six) == 6
    assert all(among_six[one] > 1.1 * width for one, width in alone.items())


def test_problems_are_drawn_alike_whatever_their_order_and_only_with_text_and_answer() -> None:
    records = [replace(record(f"p{i}", "greedy", [], f"text {i}"), gold="1") for i in range(40)]
    records += [record("no-gold", "greedy", [], "text"), replace(record("no-text", "greedy", []), gold="1")]
    first = drawn(records, 10)
    assert [one.problem_id for one in drawn(records[::-1], 10)] == [one.problem_id for one in first]
    assert {one.problem_id for one in first} < {one.problem_id for one in drawn(records, 20)}
    assert len(drawn(records, 100)) == 40
    with pytest.raises(InputError, match="too few problems"):
        drawn(records[40:], 10)


def test_a_live_slice_says_whether_it_agrees(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    sweeps = [SWEEP.with_name(f"qwen2.5-coder-0.5b-{name}.jsonl") for name in ("train", "train-backtrack")]
    # The scripted engine writes short texts: its tokens are not those of the sweep.
    assert again(sweeps, tmp_path, problems=6, engine="scripted") == 1
    last = capsys.readouterr().out.splitlines()[-8:]
    assert {line.split()[0] for line in last} == {ONE, *AGAIN, BACKTRACKING}
    assert sum("DIFFERS" in line for line in last) >= 3
