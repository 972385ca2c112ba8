"""The bill adds up, policy model and PRM apart."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from compute_router.ledger import Ledger, Tokens


@st.composite
def tokens(draw: st.DrawFn) -> Tokens:
    prompt = draw(st.integers(0, 10**6))
    return Tokens(prompt, draw(st.integers(0, prompt)), draw(st.integers(0, 10**6)))


def test_by_hand() -> None:
    ledger = Ledger(
        policy_params=100,
        prm_params=10,
        policy=Tokens(prompt=50, cached=40, generated=30),
        prm=Tokens(prompt=80, cached=60, generated=1),
    )
    assert ledger.spent == 30 + (80 - 60 + 1)
    assert ledger.flops.policy_only == 2 * 100 * 30
    assert ledger.flops.policy_prm == 2 * (100 * (50 + 30) + 10 * (80 + 1))
    assert ledger.flops.net == 2 * (100 * (50 - 40 + 30) + 10 * (80 - 60 + 1))


@given(tokens(), tokens(), tokens())
def test_tokens_add_up(a: Tokens, b: Tokens, c: Tokens) -> None:
    assert a + b == b + a
    assert (a + b) + c == a + (b + c)
    assert a + Tokens() == a
    assert (a + b).computed == a.computed + b.computed


@given(st.integers(0, 10**11), st.integers(0, 10**10), tokens(), tokens())
def test_the_three_counts_of_flops_keep_their_order(
    policy_params: int, prm_params: int, policy: Tokens, prm: Tokens
) -> None:
    flops = Ledger(policy_params, prm_params, policy, prm).flops
    assert flops.policy_only <= flops.net <= flops.policy_prm
    uncached = Ledger(
        policy_params,
        prm_params,
        Tokens(policy.prompt, 0, policy.generated),
        Tokens(prm.prompt, 0, prm.generated),
    ).flops
    assert uncached.net == uncached.policy_prm == flops.policy_prm
    assert Ledger(policy_params, 0, policy, prm).flops.net == 2 * policy_params * policy.computed
