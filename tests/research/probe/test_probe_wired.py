"""The request path: a router asks the probe of its predictor, and the probe's samples are on the bill."""

from __future__ import annotations

from dataclasses import replace

import pytest

from compute_router import Router, ScriptedEngine, difficulty, load_table
from compute_router.difficulty.probe import EWENS, Probe
from compute_router.io.data_files import data_path
from compute_router.policies import Outcome, make
from compute_router.result import Result
from compute_router.scoring import LogprobBaseline
from compute_router.solve_options import SolveOptions

TEXT = "Compute 27 + 45 - 13."


def solved(probe: Probe, spec: str, text: str = TEXT) -> Result:
    predictor = difficulty.load(data_path("difficulty/manifest.json").parent)
    table = load_table(data_path("table.json"))
    with Router(ScriptedEngine(), LogprobBaseline(), replace(predictor, probe=probe), table) as router:
        return router.solve(text, SolveOptions(strategy=make(spec)))


def outcome(probe: Probe, spec: str, text: str = TEXT) -> Outcome:
    found = solved(probe, spec, text).outcome
    assert found is not None
    return found


@pytest.mark.parametrize("follow", ["stop", "majority"])
def test_the_probe_is_on_the_bill(follow: str) -> None:
    arms = f"easy={follow},medium={follow},hard={follow}"
    result = solved(EWENS, f"reroute:n=6,m=2,probe=3,{arms}")
    assert result.outcome is not None
    assert len(result.outcome.paths_N) == (3 if follow == "stop" else 6)
    assert result.ledger.policy.generated == sum(path.n_tokens for path in result.outcome.paths_N)
    assert result.ledger.policy.generated > 0


def test_what_was_fitted_decides() -> None:
    """Of the same samples, one probe takes agreement for a sign of being right, the other for none."""
    spec = "reroute:n=4,m=2,probe=4,easy=stop,medium=stop,hard=stop"
    one, other = (
        [outcome(Probe(scatter), spec, f"Compute {i} + 45 - 13.").rerouted for i in range(20, 32)]
        for scatter in (1000.0, 0.001)
    )
    assert one != other


def test_the_curve_is_that_of_the_router_s_prm() -> None:
    curve = ("logprob-baseline", 9.0, 0.0)  # every answer is as good as right: but a baseline has no say
    spec = "reroute:n=4,m=2,probe=4,easy=stop,medium=stop,hard=stop"
    plain, curved = outcome(EWENS, spec), outcome(replace(EWENS, curves=(curve,)), spec)
    assert plain.rerouted == curved.rerouted
