"""What a PRM says of each step by transformers alone: one forward pass over the whole text, in fp32."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from compute_router.scoring.families.base import Family, TokenPair
from compute_router.scoring.known_prms import find_prm
from compute_router.scoring.prm_tokenizer import from_transformers

__all__ = ["Truth"]


class Truth:
    """The PRM in `folder`, as its hub has it."""

    def __init__(self, folder: Path) -> None:
        torch: Any = import_module("torch")
        transformers: Any = import_module("transformers")
        self.family: Family = find_prm(str(folder)).family(from_transformers(str(folder)))
        self._torch = torch
        self._weights = import_module("safetensors.torch").load_file(folder / "model.safetensors")
        make = "AutoModelForCausalLM" if isinstance(self.family.readout, TokenPair) else "AutoModel"
        self._model = getattr(transformers, make).from_pretrained(folder, dtype=torch.float32).eval()

    def scores(self, problem: str, steps: Sequence[str]) -> tuple[float, ...]:
        layout = self.family.layout(problem, steps)
        with self._torch.no_grad():
            output = self._model(self._torch.tensor([layout.ids_T]))
            readout = self.family.readout
            if isinstance(readout, TokenPair):
                rows = output.logits[0, list(layout.at_S)].tolist()
                return tuple(readout.score(row[readout.good], row[readout.bad]) for row in rows)
            rows = self._head(output.last_hidden_state[0, list(layout.at_S)]).tolist()
        return tuple(readout.score(*row) for row in rows)

    def _head(self, x: Any) -> Any:
        if "v_head.summary.weight" in self._weights:
            return self._linear(x, "v_head.summary")
        return self._linear(self._linear(x, "score.0").clamp(min=0), "score.2")

    def _linear(self, x: Any, name: str) -> Any:
        return x @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"]
