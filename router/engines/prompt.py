"""What the policy model is told: the paper's system message, with the step mark that the search cuts at."""

from __future__ import annotations

__all__ = ["chat"]

_SYSTEM = (
    "Please reason step by step, separate steps with a blank line, "
    "and put your final answer within \\boxed{}."
)


def chat(problem: str) -> list[dict[str, str]]:
    """The messages of one problem, for the model's own chat template."""
    return [{"role": "system", "content": _SYSTEM}, {"role": "user", "content": problem}]
