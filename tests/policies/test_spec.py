"""Specs as text: what is written is what is meant, and a slip is one clear sentence."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies import AGGREGATES, MAX_N, SELECTS, STRATEGIES, SpecError, make, spec


@st.composite
def specs(draw: st.DrawFn) -> str:
    """A valid spec in any spelling: parameters in any order, some left out, blanks, plus signs."""
    name = draw(st.sampled_from(sorted(STRATEGIES)))
    m = draw(st.integers(1, 64))
    choices = {
        "n": str(m * draw(st.integers(1, MAX_N // m))),
        "m": str(m),
        "select": draw(st.sampled_from(SELECTS)),
        "aggregate": draw(st.sampled_from(sorted(AGGREGATES))),
    }
    takes = [field.name for field in fields(STRATEGIES[name])]
    given = [key for key in draw(st.permutations(takes)) if key in ("n", "m") or draw(st.booleans())]
    blank = draw(st.sampled_from(["", " "]))
    parts = [f"{blank}{key}{blank}={blank}{choices[key]}" for key in given]
    return f"{blank}{name}:{','.join(parts)}{blank}" if parts else name


@given(specs())
@settings(max_examples=100, deadline=None)
def test_every_spelling_has_one_canonical_text(text: str) -> None:
    strategy = make(text)
    canonical = spec(strategy)
    assert make(canonical) == strategy
    assert spec(make(canonical)) == canonical
    assert " " not in canonical
    assert [part.partition("=")[0] for part in canonical.partition(":")[2].split(",") if part] == [
        field.name for field in fields(STRATEGIES[strategy.name])
    ]


def test_the_specs_of_the_command_line() -> None:
    assert spec(make("greedy")) == "greedy"
    assert spec(make("majority:n=+8")) == "majority:n=8"
    assert spec(make("best_of_n:select=weighted,n=4")) == "best_of_n:n=4,select=weighted,aggregate=last"
    assert spec(make("beam:n=16,m=4")) == "beam:n=16,m=4,select=weighted,aggregate=last"
    assert spec(make("dvts:n=16,m=4")) == "dvts:n=16,m=4,select=weighted,aggregate=last"


BAD = {
    "majority:n=0": "n=0 is not between 1 and 4096",
    "majority:n=-1": "n=-1 is not between",
    "majority:n=1000000000": "n=1000000000 is not between",
    "majority:n=1e3": "n=1e3 is not a whole number",
    "majority:n=nan": "n=nan is not a whole number",
    "majority:n=8.0": "n=8.0 is not a whole number",
    "majority:n=+-5": "n=+-5 is not a whole number",
    "majority:n=--5": "n=--5 is not a whole number",
    "majority:n=1_000": "n=1_000 is not a whole number",
    "majority:n=²": "n=² is not a whole number",
    "majority:n=٣": "n=٣ is not a whole number",
    "majority:n=" + "9" * 10_000: "is not a whole number",
    "majority:n=8,n=8": "n is given twice",
    "majority:n": "'n' is not of the form key=value",
    "majority:n=": "'n=' is not of the form key=value",
    "majority:=8": "'=8' is not of the form key=value",
    "majority:8": "'8' is not of the form key=value",
    "majority:k=8": "majority has no parameter k; it takes n",
    "best_of_n:aggregat=min": "did you mean aggregate?",
    "greedy:n=1": "greedy has no parameter n; it takes no parameters",
    "best_of_n:select=wheighted": "select=wheighted is not known (did you mean weighted?)",
    "best_of_n:aggregate=median": "aggregate=median is not known",
    "beam:n=16,m=3": "m=3 does not divide n=16",
    "beam:n=4,m=8": "m=8 does not divide n=4",
    "dvts:n=4,m=0": "m=0 is not between",
    "majorty:n=8": "unknown strategy 'majorty' (did you mean majority?)",
    "best-of-n:n=8": "did you mean best_of_n?",
    "Greedy": "did you mean greedy?",
    "": "unknown strategy ''",
    ":n=8": "unknown strategy ''",
    "majority:" + "x" * 1_000_000: "is not of the form key=value",
    "majority:" + "x" * 1_000_000 + "=1": "majority has no parameter xxx",
    "best_of_n:select=" + "x" * 1_000_000: "select=xxx",
    "x" * 1_000_000: "unknown strategy 'xxx",
}


@pytest.mark.parametrize("text", BAD, ids=lambda text: text[:30])
def test_a_slip_is_one_clear_sentence(text: str) -> None:
    with pytest.raises(SpecError) as caught:
        make(text)
    message = str(caught.value)
    assert BAD[text] in message
    assert "\n" not in message
    assert len(message) < 250


NOISE = st.text(alphabet="nm=:,+-0189 agbe\x00\ud800\n", max_size=40)


@given(st.one_of(NOISE, NOISE.map("beam:".__add__), NOISE.map("majority:n=".__add__)))
@settings(max_examples=200, deadline=None)
def test_any_text_is_a_strategy_or_a_spec_error(text: str) -> None:
    try:
        strategy = make(text)
    except SpecError:
        return
    assert make(spec(strategy)) == strategy


def test_a_strategy_is_a_value() -> None:
    text = "beam:n=8,m=2"
    assert make(text) == make(text)
    assert len({make(text), make(text)}) == 1
    with pytest.raises(AttributeError):
        make(text).n = 3  # type: ignore[attr-defined]


def test_every_strategy_checks_parameters_that_come_as_values_too() -> None:
    for name in ("majority", "best_of_n", "beam", "dvts"):
        for n in (0, -1, MAX_N + 1, True, 1.0, "8"):
            with pytest.raises(SpecError):
                STRATEGIES[name](n=n)


def test_importing_policies_costs_no_third_party_import() -> None:
    loaded = "import sys; before = set(sys.modules); import policies; print(*(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    roots = {name.partition(".")[0] for name in done.stdout.split()}
    assert roots <= set(sys.stdlib_module_names) | {"policies"}
