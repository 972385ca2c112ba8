"""The strategy table: what it may hold, and which row decides."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

import pytest

from compute_router.decide.table import MeasuredRow, RuleRow, Table, load_table, size_class
from compute_router.errors import TableError
from compute_router.io.data_files import data_path
from compute_router.policies import make
from compute_router.scoring.arithmetic import Domain
from support.table_kit import arm, cell, gain, measured, rule
from support.table_kit import table as content

ARMS = [arm("greedy", (0.5, 100.0)), arm("majority:n=4", (0.6, 400.0))]


def refusal(tmp_path: Path, what: object) -> str:
    path = tmp_path / "table.json"
    path.write_text(what if isinstance(what, str) else json.dumps(what))
    with pytest.raises(TableError) as caught:
        load_table(path)
    message = str(caught.value)
    assert str(path) in message
    assert "\n" not in message
    return message


# --- which row decides

LEVELS = [
    rule("model and PRM", policy_model="m", prm="p"),
    rule("model", policy_model="m"),
    rule("size and PRM", size="<7B", prm="p"),
    rule("size", size="<7B"),
]


@pytest.mark.parametrize("level", range(4))
@pytest.mark.parametrize("backwards", [False, True], ids=["in order", "backwards"])
def test_rows_fall_back_in_the_stated_order(level: int, backwards: bool) -> None:
    rows = LEVELS[level:][:: -1 if backwards else 1]
    table = Table.model_validate(content(*rows))
    assert table.row("m", 10**9, "p").id == LEVELS[level]["id"]


@pytest.mark.parametrize("backwards", [False, True], ids=["in order", "backwards"])
def test_of_one_key_the_row_of_the_domain_comes_first(backwards: bool) -> None:
    rows = [*LEVELS, rule("its domain", policy_model="m", prm="p", domain="d"),
            rule("the size's domain", size="<7B", prm="p", domain="d")]  # fmt: skip
    table = Table.model_validate(content(*rows[:: -1 if backwards else 1]))
    assert table.row("m", 10**9, "p", "d").id == "its domain"
    assert table.row("m", 10**9, "p", "e").id == table.row("m", 10**9, "p").id == "model and PRM"
    assert table.row("m", 10**9, "q", "d").id == "model"  # the policy model counts before the domain
    assert table.row("n", 10**9, "p", "d").id == "the size's domain"


@pytest.mark.parametrize("other", [("x", 10**9, "p"), ("m", 10**9, "x"), ("m", 10**10, "p")])
def test_no_row_of_another_key_decides(other: tuple[str, int, str]) -> None:
    table = Table.model_validate(content(*LEVELS))
    expected = {"x": "size and PRM", "m": "model" if other[2] == "x" else "model and PRM"}
    assert table.row(*other).id == expected[other[0]]


def test_a_policy_model_without_any_row_is_one_clear_error() -> None:
    table = Table.model_validate(content(rule("small", size="<7B")))
    with pytest.raises(TableError, match=r"no row for big \(72B\+\) with some-prm"):
        table.row("big", 72 * 10**9, "some-prm")


@pytest.mark.parametrize(
    ("params", "size"),
    [
        (494e6, "<7B"),
        (3.2e9, "<7B"),
        (6.7e9, "7B-32B"),
        (7.6e9, "7B-32B"),
        (32.8e9, "7B-32B"),
        (70.6e9, "72B+"),
        (72.7e9, "72B+"),
        (405e9, "72B+"),
    ],
)
def test_size_classes_by_real_parameter_counts(params: float, size: str) -> None:
    assert size_class(int(params)) == size


# --- the shipped table


def test_the_shipped_table_holds_the_rule_of_the_paper() -> None:
    rules = {row.size: row for row in load_table(data_path("table.json")).rows if isinstance(row, RuleRow)}
    names = {
        size: tuple(make(row.spec(name)).name for name in ("easy", "medium", "hard"))
        for size, row in rules.items()
    }
    assert names == {
        "<7B": ("best_of_n", "beam", "beam"),
        "7B-32B": ("dvts", "dvts", "beam"),
        "72B+": ("best_of_n", "best_of_n", "best_of_n"),
    }
    for row in rules.values():
        assert (row.policy_model, row.prm) == (None, None)
        assert "2502.06703" in row.source


@pytest.mark.parametrize("params", [10**6, 7 * 10**9, 50 * 10**9, 10**12])
def test_the_shipped_table_decides_for_every_policy_model(params: int) -> None:
    load_table(data_path("table.json")).row("never heard of", params, "no such PRM")


def test_the_schema_file_is_that_of_the_model() -> None:
    """Where this fails, write the file again: docs/runs.md has the command."""
    assert json.loads(data_path("table.schema.json").read_text()) == Table.model_json_schema()


def test_the_shipped_prm_has_a_row_for_each_of_its_domains() -> None:
    table = load_table(data_path("table.json"))
    rows = [
        table.row("Qwen2.5-Coder-0.5B-Instruct", 494032768, "arithmetic-checker", domain)
        for domain in get_args(Domain)
    ]
    assert [row.domain for row in rows] == list(get_args(Domain))


# --- what a table may not hold


def with_gains(places: Sequence[int], **key: Any) -> dict[str, Any]:
    """A row of two arms, the first of which has gains of the arms at these places."""
    row = measured("a", ARMS, incumbents=["greedy"], size="<7B", **key)
    row["incumbents"][0]["gains"] = [gain(place, [0, 0, 0]) for place in places]
    return row


def test_a_trimmed_row_need_not_have_all_gains(tmp_path: Path) -> None:
    path = tmp_path / "table.json"
    path.write_text(json.dumps(content(with_gains([], arms_measured=2))))
    [row] = load_table(path).rows
    assert isinstance(row, MeasuredRow)
    assert row.incumbents[0].gains == ()


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ((rule("a", size="<7B"), rule("a", size="72B+")), "same id"),
        ((rule("a", size="<7B"), measured("b", ARMS, size="<7B")), "same key"),
        ((rule("a", policy_model="m", prm="p"), rule("b", policy_model="m", prm="p")), "same key"),
    ],
)
def test_two_rows_of_one_name_or_key_are_refused(
    tmp_path: Path, rows: tuple[dict[str, Any], ...], says: str
) -> None:
    assert says in refusal(tmp_path, content(*rows))


@pytest.mark.parametrize(
    ("row", "place", "says"),
    [
        (rule("a", size="<7B", easy="bestofn:n=4"), "rows.0.rule.easy", "did you mean best_of_n?"),
        (rule("a", size="<7B", hard="beam:n=16,m=5"), "rows.0.rule.hard", "does not divide"),
        (rule("a", size="13B"), "rows.0.rule.size", "72B+"),
        (rule("a", size="<7B", policy_model="m"), "rows.0.rule", "one policy model or for one size class"),
        (rule("a"), "rows.0.rule", "one policy model or for one size class"),
        (rule("a", size="<7B", domain="exact"), "rows.0.rule", "a domain is one of a PRM"),
        (rule("a", size="<7B", note=1), "rows.0.rule.note", "not permitted"),
        (rule("", size="<7B"), "rows.0.rule.id", "at least 1 character"),
        ({**rule("a", size="<7B"), "kind": "guess"}, "rows.0", "guess"),
        ({**measured("a", ARMS, size="<7B"), "arms": []}, "rows.0.measured.arms", "at least 1 item"),
        (
            measured("a", [arm("greedy", (1.5, 1.0))], size="<7B"),
            "rows.0.measured.arms.0.easy.accuracy",
            "less than or equal to 1",
        ),
        (
            {
                **measured("a", ARMS, size="<7B"),
                "arms": [{**ARMS[0], "easy": {**cell(0.5, 1), "tokens": "1"}}],
            },
            "rows.0.measured.arms.0.easy.tokens",
            "valid number",
        ),
        *(
            (
                with_gains(places),
                "rows.0.measured",
                "not of the row's other arms, one each",
            )
            for places in ([0], [1, 1], [2])
        ),
        (with_gains([]), "rows.0.measured", "the gains over greedy are not those of the row's other arms"),
        (with_gains([], arms_measured=1), "rows.0.measured", "of 1 measured arms it has 2"),
        (measured("a", ARMS * 2, size="<7B"), "rows.0.measured", "an arm occurs twice"),
        (
            {**measured("a", ARMS, size="<7B"), "arms": ARMS[1:]},
            "rows.0.measured",
            "the incumbent greedy is no arm of the row",
        ),
        (
            {**measured("a", ARMS, size="<7B"), "arms": [*ARMS, arm("majority:n=8", (0.6, 800.0))]},
            "rows.0.measured",
            "the gains over greedy are not those of the row's other arms",
        ),
        (measured("a", [arm("bestofn:n=4", (0.5, 1.0))], size="<7B"), "the file", "did you mean best_of_n?"),
        (
            measured("a", [arm("best_of_n:n=4", (0.5, 1.0))], size="<7B"),
            "the file",
            "write best_of_n:n=4,select=max,aggregate=last",
        ),
    ],
)
def test_a_fault_is_named_by_its_place(tmp_path: Path, row: dict[str, Any], place: str, says: str) -> None:
    message = refusal(tmp_path, content(row))
    assert f"{place}: " in message
    assert says in message


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "not JSON"),
        ("rows: []", "not JSON"),
        ('{"schema_version": 1, "price": ', "not JSON"),
        ("[" * 100_000, "not JSON"),
        ('{"a":' * 100_000, "not JSON"),
        ("9" * 10_000, "not JSON"),
        ("a: &a [x]\nb: [" + "*a, " * 1000 + "]", "not JSON"),
        ("null", "the file"),
        ("[]", "the file"),
        ('{"schema_version": 4, "price": 0, "rows": []}', "schema_version"),
        ('{"schema_version": 1, "price": 0, "rows": []}', "fit it again with `compute-router train`"),
        ('{"schema_version": 2, "price": 0, "rows": []}', "fit it again with `compute-router train`"),
        (json.dumps(content(rule("a", size="<7B"), price=float("nan"))), "price"),
        (json.dumps(content(rule("a", size="<7B"), price=float("inf"))), "price"),
        (json.dumps(content(rule("a", size="<7B"), price=-1)), "price"),
        (json.dumps(content(rule("a\ud800", size="<7B"))), "rows.0.rule.id"),
    ],
    ids=lambda text: text[:30],
)
def test_what_is_no_table_is_one_error(tmp_path: Path, text: str, says: str) -> None:
    assert says in refusal(tmp_path, text)


def test_what_cannot_be_read_is_one_error(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="cannot be read"):
        load_table(tmp_path / "none.json")
    with pytest.raises(TableError, match="cannot be read"):
        load_table(tmp_path)
    (tmp_path / "latin.json").write_bytes(b"\xe4")
    with pytest.raises(TableError, match="cannot be read"):
        load_table(tmp_path / "latin.json")
