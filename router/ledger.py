"""The bill of one answer: tokens, FLOPs and seconds, policy model and PRM apart."""

from __future__ import annotations

from dataclasses import dataclass

from compute_router.policies.fast_frozen import record

__all__ = ["Flops", "Ledger", "Tokens"]


@record
class Tokens:
    """Token counts of one model, as its engine reported them. `prompt` counts every token read, once for
    each request that read it; `cached` is the part of `prompt` whose keys and values were reused."""

    prompt: int = 0
    cached: int = 0
    generated: int = 0

    def __add__(self, other: Tokens) -> Tokens:
        return Tokens(
            self.prompt + other.prompt, self.cached + other.cached, self.generated + other.generated
        )

    @property
    def computed(self) -> int:
        """Tokens that went through the model: what was read and not cached, and what was written."""
        return self.prompt - self.cached + self.generated


@dataclass(frozen=True, slots=True)
class Flops:
    """Inference at 2 x parameters x tokens (arXiv 2502.06703, section 4.4), counted three ways.

    `policy_only` is the paper's figure: generated tokens of the policy model. `policy_prm` adds what
    both models read, as if nothing were cached. `net` leaves out what a prefix cache saved.
    """

    policy_only: int
    policy_prm: int
    net: int


@dataclass(frozen=True, slots=True)
class Ledger:
    """What one answer, or a whole run, cost. `*_params` are parameter counts, `seconds` is wall time
    from the problem's start to its answer (problems overlap, so seconds do not add up to the run's)."""

    policy_params: int
    prm_params: int = 0
    policy: Tokens = Tokens()
    prm: Tokens = Tokens()
    seconds: float = 0.0

    @property
    def spent(self) -> int:
        """Tokens that count against a budget: what the policy model generates and the PRM computes."""
        return self.policy.generated + self.prm.computed

    @property
    def flops(self) -> Flops:
        def both(policy: int, prm: int) -> int:
            return 2 * (self.policy_params * policy + self.prm_params * prm)

        return Flops(
            policy_only=both(self.policy.generated, 0),
            policy_prm=both(self.policy.prompt + self.policy.generated, self.prm.prompt + self.prm.generated),
            net=both(self.policy.computed, self.prm.computed),
        )
