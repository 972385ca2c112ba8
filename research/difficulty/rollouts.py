"""Our own graded answers: JSONL, one row for each problem and policy model.

    {"problem": "Compute 27 + 45.", "policy_model": "Qwen2.5-Coder-0.5B-Instruct",
     "params": 494032768, "n": 8, "n_correct": 7}

`params` is the number of parameters; `n_correct` of `n` independent samples were right. Rows of one
problem and model add up. Other fields are ignored, so a sweep may keep what else it knows.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from compute_router.errors import InputError

__all__ = ["Rollout", "read_rollouts"]


class Rollout(BaseModel):
    """One row."""

    model_config = ConfigDict(frozen=True, strict=True)

    problem: str
    policy_model: str = Field(min_length=1)
    params: int = Field(ge=1)
    n: int = Field(ge=1)
    n_correct: int = Field(ge=0)

    @model_validator(mode="after")
    def _possible(self) -> Rollout:
        if self.n_correct > self.n:
            raise ValueError("n_correct exceeds n")
        return self


def read_rollouts(path: Path) -> Iterator[Rollout]:
    """The rows of a file, empty lines skipped. Raises InputError naming the file and the line."""
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                try:
                    yield Rollout.model_validate_json(line)
                except ValidationError as error:
                    first = error.errors(include_url=False)[0]
                    field = ".".join(map(str, first["loc"])) or "row"
                    raise InputError(f"{path}, line {number}: {field}: {first['msg']}") from error
