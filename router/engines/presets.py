"""How an engine runs by default: configs/embedded.yaml."""

from __future__ import annotations

from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from compute_router.difficulty.json_file import first_fault
from compute_router.errors import RouterError
from compute_router.io.data_files import data_path
from compute_router.policies import Limits

__all__ = ["EmbeddedPreset", "load_embedded"]

_Tokens = Annotated[int, Field(ge=16, le=1_000_000)]


class EmbeddedPreset(BaseModel):
    """`slots` paths side by side, `context` tokens each; the limits of a step and of a path in tokens, the
    latter also by the name of the policy model."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    slots: Annotated[int, Field(ge=1, le=1024)]
    context: _Tokens
    step_tokens: _Tokens
    path_tokens: _Tokens
    path_tokens_of: dict[str, _Tokens] = {}

    def limits(self, policy_model: str) -> Limits:
        """Those of a policy model."""
        path_tokens = self.path_tokens_of.get(policy_model, self.path_tokens)
        return Limits(step_tokens=self.step_tokens, path_tokens=path_tokens)


def load_embedded() -> EmbeddedPreset:
    """Reads configs/embedded.yaml. Raises RouterError where it is not what it should be."""
    path = data_path("embedded.yaml")
    try:
        return EmbeddedPreset.model_validate(yaml.safe_load(path.read_text("utf-8")))
    except ValidationError as error:
        raise RouterError(f"{path} is not valid: {first_fault(error)}") from error
    except (yaml.YAMLError, OSError) as error:
        raise RouterError(f"{path} cannot be read: {' '.join(str(error).split())}") from error
