"""The PRMs that are known by name: size, context, family, and how their scores are had."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal

from compute_router.errors import InputError
from compute_router.scoring.families.base import Family, Vocabulary
from compute_router.scoring.families.math_shepherd import MathShepherd
from compute_router.scoring.families.qwen_math import QwenMath
from compute_router.scoring.families.rlhflow import RLHFlow
from compute_router.scoring.families.skywork import Skywork
from compute_router.scoring.families.token_classification import TokenClassification

__all__ = ["CONVERTED_KEY", "PRMS", "HeadKind", "Prm", "find_prm"]

HeadKind = Literal["language", "value", "linear", "mlp"]
"""What the score is read from, by the tensors that hold it: two rows of the language model's head, one label
of v_head.summary, the labels of score, or those of score.2 over a ReLU over score.0."""

CONVERTED_KEY: Final = "compute_router_prm"
"""In the config.json of a folder that `compute-router convert-prm` wrote: the hub id it was made from."""

MAX_HEADER: Final = 100_000_000
"""Bytes that the format allows a safetensors header."""


@dataclass(frozen=True, slots=True)
class Prm:
    """`name`: hub id, or the folder; `params`: number of parameters; `context`: tokens; `head`: see HeadKind.

    `on_sglang`: by /generate as it is, by /classify as it is, by /classify once `compute-router convert-prm`
    has converted it, or not at all.
    """

    name: str
    params: int
    context: int
    family: Callable[[Vocabulary], Family]
    on_sglang: Literal["generate", "classify", "convert"] | None
    head: HeadKind


_TRL = partial(TokenClassification, separator="\n\n")

_KNOWN = (
    # Within Mistral's sliding window, so that every position sees the whole path.
    Prm("peiyi9979/math-shepherd-mistral-7b-prm", 7_241_732_096, 4_096, MathShepherd, "generate", "language"),
    Prm("RLHFlow/Llama3.1-8B-PRM-Mistral-Data", 8_030_261_248, 131_072, RLHFlow, "generate", "language"),
    Prm("RLHFlow/Llama3.1-8B-PRM-Deepseek-Data", 8_030_261_248, 131_072, RLHFlow, "generate", "language"),
    Prm("Skywork/Skywork-o1-Open-PRM-Qwen-2.5-1.5B", 1_543_715_841, 4_096, Skywork, "convert", "value"),
    Prm("Skywork/Skywork-o1-Open-PRM-Qwen-2.5-7B", 7_070_622_721, 4_096, Skywork, "convert", "value"),
    Prm("Qwen/Qwen2.5-Math-PRM-7B", 7_083_474_946, 4_096, QwenMath, "convert", "mlp"),
    Prm("Qwen/Qwen2.5-Math-7B-PRM800K", 7_083_474_946, 4_096, QwenMath, "convert", "mlp"),
    Prm("Qwen/Qwen2.5-Math-PRM-72B", 71_527_628_802, 4_096, QwenMath, "convert", "mlp"),
    Prm("HuggingFaceH4/Qwen2.5-Math-1.5B-Instruct-PRM-0.2", 1_543_717_378, 4_096, _TRL, "convert", "linear"),
    Prm("HuggingFaceH4/Qwen2.5-Math-7B-Instruct-PRM-0.2", 7_070_626_306, 4_096, _TRL, "convert", "linear"),
)

PRMS: Final[Mapping[str, Prm]] = MappingProxyType({prm.name.lower(): prm for prm in _KNOWN})


def find_prm(name: str) -> Prm:
    """The PRM of a hub id or its last part, in any case, or in a local folder. Raises InputError.

    A folder is known by its config.json: what it was converted from, the name it was saved under, or an
    architecture that only PRMs have; failing these by the folder's own name.
    """
    folder = Path(name)
    try:
        is_local = (folder / "config.json").is_file()
    except OSError:  # no name that a folder could have
        is_local = False
    if is_local:
        return _local(folder)
    known = _named(name)
    if known is None:
        supported = ", ".join(("logprob-baseline", "arithmetic-checker", *(prm.name for prm in _KNOWN)))
        raise InputError(f"unknown PRM {name[:100]!r}; known: {supported}, or a folder with one of them")
    return known


def _named(name: str) -> Prm | None:
    asked = name.lower().rstrip("/")
    ends = {key.rpartition("/")[2]: prm for key, prm in PRMS.items()}
    return PRMS.get(asked) or ends.get(asked.rpartition("/")[2])


def _local(folder: Path) -> Prm:
    config = _json(folder / "config.json")
    converted = config.get(CONVERTED_KEY)
    known = _named(str(converted or config.get("_name_or_path") or "")) or _named(folder.resolve().name)
    known = known or _by_architecture(folder, config)
    if known is None:
        raise InputError(
            f"{folder}/config.json tells of no known PRM: name the folder after its hub id, such as "
            f"{_KNOWN[0].name.rpartition('/')[2]}"
        )
    return replace(
        known,
        name=str(folder),
        params=_parameters(folder) or known.params,
        context=min(known.context, int(config.get("max_position_embeddings") or known.context)),
        on_sglang="classify" if converted else known.on_sglang,
    )


def _by_architecture(folder: Path, config: Mapping[str, Any]) -> Prm | None:
    architectures = config.get("architectures")
    architecture = str(architectures[0]) if architectures else ""
    if architecture == "Qwen2ForProcessRewardModel":
        return PRMS["qwen/qwen2.5-math-prm-7b"]
    if architecture == "Qwen2ForPrmModel":
        return PRMS["skywork/skywork-o1-open-prm-qwen-2.5-7b"]
    if architecture.endswith("ForTokenClassification"):
        labels = len(config.get("id2label") or ()) or 2
        family = partial(TokenClassification, separator="\n\n", bos=_bos(folder), labels=labels)
        context = int(config.get("max_position_embeddings") or 4_096)
        on_sglang: Literal["convert"] | None = "convert" if architecture.startswith("Qwen2For") else None
        return Prm(str(folder), 0, context, family, on_sglang, "linear")
    return None


def _bos(folder: Path) -> str | None:
    try:
        bos = _json(folder / "tokenizer_config.json").get("bos_token")
    except InputError:
        return None
    return bos.get("content") if isinstance(bos, dict) else bos


def _parameters(folder: Path) -> int:
    """Counted from the headers of the safetensors files; 0 where there are none."""
    count = 0
    for path in folder.glob("*.safetensors"):
        try:
            with path.open("rb") as file:
                size = int.from_bytes(file.read(8), "little")
                header = json.loads(file.read(min(size, MAX_HEADER)))
            count += sum(math.prod(header[name]["shape"]) for name in header if name != "__metadata__")
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise InputError(f"{path} is no safetensors file: {error}") from error
    return count


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read: {error}") from error
    if not isinstance(found, dict):
        raise InputError(f"{path} is no JSON object")
    return found
