"""A problem is on one side only, whatever it is called and however it is spaced."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compute_router.difficulty import Predictor
from compute_router.errors import InputError
from compute_router.training.difficulty.corpus import identity
from compute_router.training.evaluation import blind as blind_module
from compute_router.training.evaluation.blind import Blind
from compute_router.training.evaluation.crossfit import crossfit
from compute_router.training.evaluation.folds import folds, identities
from compute_router.training.outcomes.outcome_matrix import Floats, OutcomeMatrix
from support.evaluation_kit import knows, simulated

Texts = st.lists(st.text(alphabet="ab \n1+", max_size=6), min_size=1, max_size=30)


@given(Texts, st.integers(1, 6), st.integers(0, 9))
def test_equal_problems_share_a_fold_in_every_sweep(texts: list[str], count: int, seed: int) -> None:
    whole = folds([identity(text) for text in texts], count, seed)
    assert set(whole.tolist()) <= set(range(count))
    for text, fold in zip(texts, whole, strict=True):
        assert folds([identity(f" {text}\n")], count, seed)[0] == fold


def test_seeds_deal_differently_and_evenly() -> None:
    names = [f"problem {i}" for i in range(2000)]
    first, second = folds(names, 5, 0), folds(names, 5, 1)
    assert np.bincount(first).min() > 330
    assert 0.1 < (first == second).mean() < 0.3


def test_a_problem_without_a_text_is_its_id() -> None:
    matrix, _ = simulated(2)
    mute = OutcomeMatrix(
        **{name: getattr(matrix, name) for name in OutcomeMatrix.__dataclass_fields__}
        | {"texts_P": (None, "a b")}
    )
    assert identities(mute) == ["id:p0", "ab"]


def test_no_fit_sees_what_is_judged_by_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The text of every problem that a bin was predicted for is unknown to the fit that predicted it, and so
    is every problem that the table of that side is judged on."""
    matrix, _ = simulated(60)
    matrix = OutcomeMatrix(
        **{name: getattr(matrix, name) for name in OutcomeMatrix.__dataclass_fields__}
        | {"texts_P": tuple(f"Twin {i // 2}{' ' * (i % 2)}" for i in range(60))}
    )
    seen: dict[int, set[str]] = {}

    class Fit:
        pass

    def refit(matrices: Sequence[OutcomeMatrix], base: Predictor, *, seed: int) -> Fit:
        fit = Fit()
        seen[id(fit)] = {name for one in matrices for name in identities(one)}
        kept.append(fit)
        return fit

    def bins(fit: Fit, texts: Sequence[str], model: object) -> Floats:
        assert not seen[id(fit)] & {identity(text) for text in texts}
        asked.append(len(seen[id(fit)]))
        return np.full((len(texts), 3), 1 / 3)

    kept: list[Fit] = []
    asked: list[int] = []
    monkeypatch.setattr(blind_module, "refit", refit)
    monkeypatch.setattr(blind_module, "bins", bins)
    side = Blind([matrix], lambda out: None, count=5, seed=0)  # type: ignore[arg-type,return-value]
    fold_P = side.folds_G[0]
    names = np.array(identities(matrix))
    for fold in range(5):
        others = [other for other in range(5) if other != fold]
        predicted = side.bins(0, others, frozenset({fold}))
        assert np.array_equal(np.isnan(predicted[:, 0]), fold_P == fold)
        assert not set(names[fold_P == fold]) & set(names[fold_P != fold])
    assert min(asked) > 0
    assert len(kept) == 10  # each pair of folds once


def test_one_fold_is_refused() -> None:
    matrix, bin_P = simulated(5)
    with pytest.raises(InputError, match="too few"):
        crossfit(matrix, np.zeros(5, dtype=np.int64), knows(bin_P, np.zeros(5, dtype=np.int64)), 0)
