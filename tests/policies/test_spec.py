"""Specs as text: what is written is what is meant, and a slip is one clear sentence."""

from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import fields, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compute_router.policies import (
    AGGREGATES,
    MAX_N,
    SELECTS,
    STRATEGIES,
    BestOfN,
    Sampling,
    SpecError,
    make,
    spec,
)
from compute_router.policies.reroute import ARMS
from compute_router.policies.sampling import FIRSTS
from compute_router.policies.spec import parameters_of, values_of

STOPS = st.one_of(st.sampled_from(["never", "certain"]), st.integers(500, 999).map(lambda k: str(k / 1000)))
ARM = st.sampled_from(ARMS)


@st.composite
def specs(draw: st.DrawFn) -> str:
    """A valid spec in any spelling: parameters in any order, some left out, blanks, plus signs."""
    name = draw(st.sampled_from(sorted(STRATEGIES)))
    m = draw(st.integers(1, 64))
    n = m * draw(st.integers(1, MAX_N // m))
    choices = {
        "n": draw(st.sampled_from(["", "+"])) + str(n),
        "m": str(m),
        "select": draw(st.sampled_from(SELECTS)),
        "aggregate": draw(st.sampled_from(sorted(AGGREGATES))),
        "lookahead": str(draw(st.integers(0, 40))),
        "stop": draw(STOPS),
        "reject": str(
            draw(st.one_of(st.integers(0, 9).map(lambda k: k / 10), st.floats(0, 1, exclude_max=True)))
        ),
        "accept": str(draw(st.floats(0, 1, exclude_max=True))),
        "prune": str(draw(st.floats(0, 1, exclude_max=True))),
        "first": draw(st.sampled_from(FIRSTS)),
        "backtrack": str(draw(st.integers(0, 16))),
        "probe": str(draw(st.integers(1, n))),
        "easy": draw(ARM),
        "medium": draw(ARM),
        "hard": draw(ARM),
    }
    takes = list(parameters_of(STRATEGIES[name]))
    must = ["n", "m", "probe"]
    if "select" in takes and choices["stop"] != "never":  # stop needs a vote, and no rejection beside it
        must += ["select", "reject"]
        choices["select"] = draw(st.sampled_from(["vote", "weighted"]))
        choices["reject"] = "0"
    if float(choices["reject"]):  # nor beside an acceptance, pruning or backtracking
        choices["accept"] = choices["prune"] = choices["backtrack"] = "0"
    given = [key for key in draw(st.permutations(takes)) if key in must or draw(st.booleans())]
    blank = draw(st.sampled_from(["", " "]))
    parts = [f"{blank}{key}{blank}={blank}{choices[key]}" for key in given]
    return f"{blank}{name}:{','.join(parts)}{blank}" if parts else name


@given(specs())
@settings(max_examples=300, deadline=None)
def test_every_spelling_has_one_canonical_text(text: str) -> None:
    strategy = make(text)
    canonical = spec(strategy)
    assert make(canonical) == strategy
    assert spec(make(canonical)) == canonical
    assert " " not in canonical
    assert [part.partition("=")[0] for part in canonical.partition(":")[2].split(",") if part] == [
        name for name, value in values_of(strategy).items() if value not in ("never", "sample", 0)
    ]


CANONICAL = {
    "greedy": "greedy",
    "majority:n=+8": "majority:n=8",
    "majority:stop=never,n=8": "majority:n=8",
    "majority:stop=certain,n=8": "majority:n=8,stop=certain",
    "best_of_n:select=weighted,n=4": "best_of_n:n=4,select=weighted,aggregate=last",
    "best_of_n:n=4,reject=0": "best_of_n:n=4,select=max,aggregate=last",
    "best_of_n:n=4,reject=0.50": "best_of_n:n=4,reject=0.5,select=max,aggregate=last",
    "best_of_n:n=4,reject=0.00001": "best_of_n:n=4,reject=1e-05,select=max,aggregate=last",
    "beam:n=16,m=4": "beam:n=16,m=4,select=weighted,aggregate=last",
    "beam:stop=0.95,lookahead=1": "beam:n=16,m=4,select=weighted,aggregate=last,lookahead=1,stop=0.95",
    "dvts:n=16,m=4,lookahead=0": "dvts:n=16,m=4,select=weighted,aggregate=last",
    "rebase:n=8": "rebase:n=8,select=weighted,aggregate=last",
    "mcts:n=8": "mcts:n=8,m=4,select=weighted,aggregate=last",
    "reroute": "reroute:n=16,m=4,probe=4,easy=stop,medium=best_of_n,hard=beam",
}


@pytest.mark.parametrize("text", CANONICAL)
def test_the_specs_of_the_command_line(text: str) -> None:
    assert spec(make(text)) == CANONICAL[text]


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
    "beam:lookahead=-1": "lookahead=-1 is not between 0 and 40",
    "beam:lookahead=1000000000": "lookahead=1000000000 is not between 0 and 40",
    "beam:lookahead=0.5": "lookahead=0.5 is not a whole number",
    "mcts:n=2,m=4": "m=4 is more than n=2",
    "majority:stop=0.3": "stop=0.3 is not known: never, certain, or a confidence from 0.5 to below 1",
    "majority:stop=soon": "stop=soon is not known: never, certain",
    "majority:stop=nan": "stop=nan is not known",
    "majority:stop=1": "stop=1 is not known",
    "majority:stop=1.0": "stop=1.0 is not known",
    "majority:stop=0.4999": "stop=0.4999 is not known",
    "majority:stop=.95": "like 0.95",
    "majority:stop=0.950": "stop=0.950 is not known",
    "majority:stop=0.9_5": "stop=0.9_5 is not known",
    "majority:stop=0.٩٥": "is not known",
    "majority:stop=" + "x" * 1_000_000: "stop=xxx",
    "best_of_n:stop=0.9": "stop needs a vote: with select=max",
    "beam:select=max,stop=0.9": "stop needs a vote: with select=max",
    "dvts:select=max,stop=certain": "stop needs a vote: with select=max",
    "rebase:select=max,stop=0.9": "stop needs a vote: with select=max",
    "mcts:select=max,stop=0.9": "stop needs a vote: with select=max",
    "best_of_n:select=vote,stop=0.9,reject=0.5": "stop and reject exclude each other",
    "best_of_n:accept=0.9,reject=0.5": "accept and reject exclude each other",
    "best_of_n:accept=0.9,stop=0.9": "stop needs a vote",
    "best_of_n:prune=0.1,reject=0.5": "prune and reject exclude each other",
    "best_of_n:backtrack=2,reject=0.5": "backtrack and reject exclude each other",
    "best_of_n:backtrack=17": "backtrack=17 is not between 0 and 16",
    "best_of_n:prune=1": "prune=1.0 is not a number from 0 to below 1",
    "best_of_n:reject=1": "reject=1.0 is not a number from 0 to below 1",
    "best_of_n:reject=-1": "reject=-1.0 is not a number from 0 to below 1",
    "best_of_n:reject=nan": "reject=nan is not a number",
    "best_of_n:reject=inf": "reject=inf is not a number",
    "best_of_n:reject=" + "9" * 10_000: "is not a number",
    "reroute:n=16,m=3": "m=3 does not divide n=16",
    "reroute:n=4,probe=5": "probe=5 is more than n=4",
    "reroute:probe=0": "probe=0 is not between",
    "reroute:easy=bogus": "easy=bogus is not known",
    "reroute:hard=greedy": "hard=greedy is not known",
    "reroute:medium=rebase": "medium=rebase is not known",
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


@given(
    st.one_of(
        NOISE,
        NOISE.map("beam:".__add__),
        NOISE.map("majority:n=".__add__),
        NOISE.map("best_of_n:reject=".__add__),
    )
)
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
    whole = (0, -1, MAX_N + 1, True, 1.0, "8")
    bad: dict[str, tuple[object, ...]] = {
        "n": whole,
        "m": whole,
        "probe": whole,
        "lookahead": (-1, 41, True, 1.0, "8"),
        "reject": (-0.1, 1.0, 1, math.nan, math.inf, True, "0.5"),
        "accept": (-0.1, 1.0, 1, math.nan, math.inf, True, "0.5"),
        "prune": (-0.1, 1.0, 1, math.nan, math.inf, True, "0.5"),
        "first": ("", "Greedy", "beam", 1),
        "backtrack": (-1, 17, True, 1.0, "1"),
        "select": ("", "Max"),
        "aggregate": ("", "median"),
        "stop": ("", "0.4", "1", "Never"),
        "easy": ("", "greedy"),
        "medium": ("", "greedy"),
        "hard": ("", "greedy"),
    }
    for name, strategy in STRATEGIES.items():
        assert name == strategy.name
        defaults = {field.name: field.default for field in fields(strategy)}
        for key, (part, _) in parameters_of(strategy).items():
            for value in bad[key]:
                with pytest.raises(SpecError):
                    strategy(
                        **({key: value} if part is None else {part: replace(defaults[part], **{key: value})})
                    )


def test_a_rejected_share_as_small_as_any_can_be_written_down() -> None:
    for reject in (5e-324, 1e-16, 0.1 + 0.2, math.nextafter(1, 0)):
        strategy = BestOfN(Sampling(reject=reject))
        assert make(spec(strategy)) == strategy


def test_importing_policies_costs_no_third_party_import() -> None:
    loaded = (
        "import sys; before = set(sys.modules); import compute_router.policies;"
        "print(*(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    roots = {name.partition(".")[0] for name in done.stdout.split()}
    assert roots <= set(sys.stdlib_module_names) | {"compute_router"}
