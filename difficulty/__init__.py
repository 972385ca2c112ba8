"""How hard a problem is for one policy model: pass@1 predicted from its text, with its uncertainty.

    predictor = difficulty.load("configs/difficulty")
    model = PolicyModel("Qwen2.5-Coder-0.5B-Instruct", params=494_000_000)
    [p] = predictor.predict(["Compute 27 + 45 - 13."], model)
    p.distribution.easy, p.distribution.label, p.distribution.pass_at_1

Importing this package loads the standard library only; `load` is where scikit-learn and skops come in.
"""

from __future__ import annotations

from pathlib import Path

from compute_router.difficulty.ability import Ability, PolicyModel
from compute_router.difficulty.bins import Bin, Distribution, bin_of
from compute_router.difficulty.calibrate import calibrate
from compute_router.difficulty.errors import ModelFileError
from compute_router.difficulty.posterior import posterior
from compute_router.difficulty.predictor import Prediction, Predictor

__all__ = [
    "Ability",
    "Bin",
    "Distribution",
    "ModelFileError",
    "PolicyModel",
    "Prediction",
    "Predictor",
    "bin_of",
    "calibrate",
    "load",
    "posterior",
]


def load(path: str | Path, *, trust: bool = False) -> Predictor:
    """Read the predictor whose `manifest.json` lies in the directory `path`.

    No code of the file runs. `trust=True` also admits the joblib format, which CAN run code: give it
    only for a file that you wrote yourself. Raises `ModelFileError`, whatever is wrong with the file.
    """
    from compute_router.difficulty import store

    return store.load(Path(path), trust=trust)
