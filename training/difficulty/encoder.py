"""Texts as vectors of a sentence encoder, where one is at hand: a folder with model.onnx and tokenizer.json.

Nothing that ships needs it. It wants onnxruntime and tokenizers, which are no dependencies of ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import numpy as np

from training.difficulty.corpus import Floats

__all__ = ["encode"]

_TOKENS = 192
_BATCH = 16


def encode(texts: Sequence[str], folder: Path) -> Floats:
    """(texts, width): the mean of the last layer over the tokens, of length 1; a text's first 192 tokens.

    Raises ImportError without the two libraries; OSError or the libraries' own error where the folder does
    not hold an encoder.
    """
    runtime, tokenizers = import_module("onnxruntime"), import_module("tokenizers")
    tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(_TOKENS)
    tokenizer.no_padding()
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    session = runtime.InferenceSession(str(folder / "model.onnx"), options)
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
