"""Short names: what a person says is what a spec means, and every strategy has exactly one."""

from __future__ import annotations

import pytest
from hypothesis import given
from test_spec import specs

from compute_router.policies import SpecError, arm_name, from_spec, make, spec

NAMES = {
    "direct": "direct",
    "greedy": "greedy",
    "vote-6": "majority:n=6",
    "vote-16+stop=0.95": "majority:n=16,stop=0.95",
    "best-of-8": "best_of_n:n=8,select=max,aggregate=last",
    "best-of-8+backtrack": "best_of_n:n=8,backtrack=2,select=max,aggregate=last",
    "best-of-8+aggregate=min": "best_of_n:n=8,select=max,aggregate=min",
    "weighted-8": "best_of_n:n=8,select=weighted,aggregate=last",
    "weighted-1+greedy+backtrack": "best_of_n:n=1,first=greedy,backtrack=2,select=weighted,aggregate=last",
    "weighted-4+early": "best_of_n:n=4,prune=0.1,stop=0.8,accept=0.7,select=weighted,aggregate=last",
    "weighted-4+prune+accept": "best_of_n:n=4,prune=0.1,accept=0.7,select=weighted,aggregate=last",
    "beam-16": "beam:n=16,m=4,select=weighted,aggregate=last",
    "dvts-8x2": "dvts:n=8,m=2,select=weighted,aggregate=last",
    "mcts-16": "mcts:n=16,m=4,select=weighted,aggregate=last",
}


@pytest.mark.parametrize("name", NAMES)
def test_a_name_stands_for_one_spec_and_a_spec_for_one_name(name: str) -> None:
    assert spec(make(name)) == NAMES[name]
    assert arm_name(make(NAMES[name])) == name


@given(specs())
def test_every_strategy_has_one_short_name_that_reads_back(text: str) -> None:
    strategy = make(text)
    name = arm_name(strategy)
    assert make(name) == strategy
    assert ":" not in name
    assert "," not in name
    assert arm_name(make(name)) == name


def test_options_may_come_in_any_order_and_with_blanks() -> None:
    assert make(" best-of-8 + backtrack + greedy ") == make("best-of-8+greedy+backtrack")
    assert make("best-of-8+first=greedy") == make("best-of-8+greedy")


BAD = {
    "vote-6+greedy": "the option greedy is not known",
    "best-of-8+bactrack": "did you mean backtrack?",
    "best-of-8+early+prune": "prune is given twice",
    "best-of-8+n=9": "n is given twice",
    "best-of-8+select=weighted": "select is given twice",
    "best-of-0": "n=0 is not between 1 and 4096",
    "beam-8x3": "m=3 does not divide n=8",
    "weigted-8": "did you mean weighted-8?",
    "greedy-8": "greedy has no parameter n",
    "vote-6x2": "majority has no parameter m",
    "vote-" + "9" * 1000: "unknown strategy",
    "best-of-8+" + "x" * 1_000_000: "is not known",
}


@pytest.mark.parametrize("text", BAD, ids=lambda text: text[:30])
def test_a_slip_in_a_short_name_is_one_clear_sentence(text: str) -> None:
    with pytest.raises(SpecError) as caught:
        make(text)
    assert BAD[text] in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


@given(specs())
def test_files_read_specs_alone(text: str) -> None:
    strategy = make(text)
    assert from_spec(spec(strategy)) == strategy
    if strategy.name not in ("greedy", "direct"):
        with pytest.raises(SpecError):
            from_spec(arm_name(strategy))
