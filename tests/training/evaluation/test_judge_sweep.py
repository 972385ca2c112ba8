"""`evaluate`: cross-fitted or applied, the command's body, and what cannot be judged."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from compute_router.cli.evaluate import evaluate as command
from compute_router.cli.train import train as train_command
from compute_router.decide.price import Price
from compute_router.errors import InputError, RouterError
from compute_router.io.strategy_text import short_name
from compute_router.training.bundle import train
from compute_router.training.evaluation import crossfit
from compute_router.training.evaluation.judge_sweep import evaluate
from compute_router.training.sweep.record import read_records
from research.public import command as public
from research.public.routed import compare, lines, markdown
from support.places import ROOT
from support.sweep_files import MODEL, SPECS, write

BASE = ROOT / "configs" / "difficulty-base"
ZERO = [Price(0)]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three folds: the fewest that leave something when two are held out."""
    monkeypatch.setattr(crossfit, "FOLDS", 3)


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("sweep") / "sweep.jsonl")


@pytest.fixture(scope="module")
def bundle(sweep: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("bundle") / "out"
    train([sweep], out, base=BASE)
    return out


def test_problems_of_the_training_are_cross_fitted(sweep: Path, bundle: Path) -> None:
    [section] = evaluate(sweep, bundle, prices=ZERO, base=BASE)
    assert section.mode.startswith("cross-fitted")
    assert any("training is repeated" in note for note in section.notes)
    assert len(section.matrix.problems_P) == 150


def test_a_copy_under_another_name_is_no_new_sweep(sweep: Path, bundle: Path, tmp_path: Path) -> None:
    lines = sweep.read_text().splitlines()
    copy = tmp_path / "copy.jsonl"
    copy.write_text("\n".join(reversed(lines)) + "\n")
    [section] = evaluate(copy, bundle, prices=ZERO, base=BASE)
    assert section.mode.startswith("cross-fitted")


def test_new_problems_are_judged_by_the_table_as_it_is(bundle: Path, tmp_path: Path) -> None:
    fresh = write(tmp_path / "fresh.jsonl", 60, start=120)
    [section] = evaluate(fresh, bundle, prices=ZERO, base=tmp_path / "no base is needed")
    assert "applied" in section.mode
    assert "30 that it has seen" in section.mode
    assert section.matrix.problems_P == tuple(f"p{at}" for at in range(150, 180))
    [judged] = section.judged
    assert judged.policies["best_fixed_train"] in judged.arms.values()


def test_arms_that_the_table_does_not_know_are_judged_but_never_chosen(bundle: Path, tmp_path: Path) -> None:
    extra = "dvts:n=8,m=2,select=weighted,aggregate=last"
    fresh = write(tmp_path / "fresh.jsonl", 60, start=200, extra=(extra,))
    [section] = evaluate(fresh, bundle, prices=ZERO, base=BASE)
    assert set(section.judged[0].arms) == {*SPECS, extra}
    assert extra not in section.judged[0].used


def test_a_model_without_a_row_gets_the_rule(bundle: Path, tmp_path: Path) -> None:
    fresh = write(tmp_path / "fresh.jsonl", 60, start=200, model="other-70b")
    [section] = evaluate(fresh, bundle, prices=ZERO, base=BASE)
    assert section.judged[0].policies["router"].accuracy > 0


def test_the_command_prints_every_policy(
    sweep: Path, bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = command(
        sweep, bundle, price=0.02, base=None, plot=tmp_path / "x", seed=0, as_json=False, trust=False
    )
    printed = capsys.readouterr().out
    assert code == 0
    arms = (short_name(spec) for spec in SPECS)
    for name in ("router", "best_fixed_train", "paper_rule", "oracle_bin", "oracle_problem", *arms, "0.02"):
        assert name in printed
    assert {path.name for path in tmp_path.iterdir()} == {"x.svg", "x.png"}


def test_the_command_prints_json_and_nothing_else(
    sweep: Path, bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command(sweep.parent, bundle, price=None, base=None, plot=None, seed=0, as_json=True, trust=False)
    shown = json.loads(capsys.readouterr().out)
    assert list(shown["prices"]) == ["0", "0.01", "0.03", "0.1"]
    assert shown["matrices"][0]["policy_model"] == MODEL
    router = shown["prices"]["0.03"]["router"]
    paid = (router["tokens"] + router["prm_tokens"]) / 1000
    assert router["utility"] == pytest.approx(router["accuracy"] - 0.03 * paid)


def test_the_train_command_says_what_it_wrote(
    sweep: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = train_command([sweep], tmp_path / "out", base=None, seed=0, form="skops", trust=False)
    printed = capsys.readouterr().out
    assert code == 0
    assert "450 rows" in printed
    assert "150 problems x 3 arms" in printed
    assert "table.json" in printed


def test_without_counts_a_price_cannot_be_judged(bundle: Path, tmp_path: Path) -> None:
    bare = write(tmp_path / "bare.jsonl", 60, counted=False)
    [section] = evaluate(bare, bundle, prices=[Price(0), Price(0.1)], base=BASE)
    assert [one.price.value for one in section.judged] == [0]
    with pytest.raises(InputError, match="--price 0"):
        evaluate(bare, bundle, prices=[Price(0.1)], base=BASE)


def test_a_handful_of_problems_is_judged_all_the_same(bundle: Path, tmp_path: Path) -> None:
    few = write(tmp_path / "few.jsonl", 4)
    [section] = evaluate(few, bundle, prices=ZERO, base=BASE)
    assert len(section.matrix.problems_P) == 4
    with pytest.raises(InputError, match="too few"):
        evaluate(write(tmp_path / "one.jsonl", 1), bundle, prices=ZERO, base=BASE)


def test_what_is_no_bundle_is_refused(sweep: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"train\.json"):
        evaluate(sweep, tmp_path, prices=ZERO, base=BASE)
    (tmp_path / "train.json").write_text("{}")
    with pytest.raises(InputError, match="not what"):
        evaluate(sweep, tmp_path, prices=ZERO, base=BASE)


def test_a_sweep_without_rows_is_refused(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "sweep.jsonl").write_text("")
    with pytest.raises(RouterError, match="no graded rows"):
        evaluate(tmp_path, bundle, prices=ZERO, base=BASE)


def test_the_public_table_has_a_line_a_price(sweep: Path) -> None:
    from compute_router import difficulty

    records = list(read_records(sweep))
    alone = [record for record in records if record.arm == "majority:n=1"]
    sweeps = {"many": records[:270], "one arm": alone}
    base = difficulty.load(BASE)
    [(name, by_seed)] = compare(sweeps, base, [Price(0), Price(0.1)], [0, 1])
    rows = list(lines(name, by_seed))
    assert [row.price for row in rows] == [0, 0.1]
    assert len(rows[0].judged) == 2
    printed = list(markdown(rows))
    assert len(printed) == 4
    assert len({line.count("|") for line in printed}) == 1
    flat = replace(rows[0], judged=rows[0].judged[:1])
    assert flat.mean("router") == rows[0].judged[0].policies["router"].utility


def test_the_public_table_is_printed(
    sweep: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bare = write(tmp_path / "bare.jsonl", 40, counted=False)
    found = {"bare": list(read_records(bare))}
    monkeypatch.setattr(public, "public_sweeps", lambda data: found)
    public.judge_public(tmp_path)
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith("| sweep |")
    assert printed[2].startswith("| bare | sim-1b | prm | 40 | 3 | 0 |")
    assert printed[-1] == "bare: not judged at 0.01, 0.03, 0.1, its costs were not counted"
