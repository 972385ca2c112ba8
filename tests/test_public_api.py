"""The public names: one that comes or goes is a decision, and stands in the changelog."""

from __future__ import annotations

import compute_router
from compute_router import policies

POLICIES = """
    AGGREGATES Ask Assess Beam BestOfN Choosing DVTS Direct Extend Finish Fork Greedy Group Key Limits
    MAX_N MCTS Majority Outcome Outlook Path REBASE Reroute SELECTS STRATEGIES Sampling Score Search
    SpecError Step Stopping Strategy arm_name assess extract_answer fork from_spec group make score select
    spec value
"""
ROUTER = """
    Caps Decision Engine Ledger Outcome Problem Result Router RouterError Run ScriptedEngine Settings
    SolveOptions Strategy Table __version__ build load_table read_problems
"""


def test_policies() -> None:
    assert set(policies.__all__) == set(POLICIES.split())
    assert all(hasattr(policies, name) for name in policies.__all__)


def test_router() -> None:
    assert set(compute_router.__all__) == set(ROUTER.split())
    assert all(getattr(compute_router, name) is not None for name in compute_router.__all__)
