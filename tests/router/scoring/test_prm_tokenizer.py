"""The model's own tokenizer as a Vocabulary. Needs transformers and tokenizers."""

from __future__ import annotations

from pathlib import Path

import pytest
from family_kit import FAMILIES, HOSTILE
from hypothesis import given
from hypothesis import strategies as st

from compute_router.errors import InputError
from compute_router.scoring.families.base import Vocabulary
from compute_router.scoring.prm_tokenizer import from_transformers
from support.tiny_models import CONTROL, KINDS, Kind, save_tokenizer

pytest.importorskip("transformers")

TEXT = st.lists(st.sampled_from(HOSTILE) | st.text(max_size=5), max_size=6).map("".join)


@pytest.fixture(scope="module")
def vocabularies(tmp_path_factory: pytest.TempPathFactory) -> dict[Kind, Vocabulary]:
    made = {}
    for kind in KINDS:
        made[kind] = from_transformers(str(save_tokenizer(kind, tmp_path_factory.mktemp(kind))))
    return made


@pytest.mark.parametrize("kind", KINDS)
@given(text=TEXT)
def test_no_text_holds_control_tokens(kind: Kind, text: str, vocabularies: dict[Kind, Vocabulary]) -> None:
    vocabulary = vocabularies[kind]
    control = {vocabulary.control(token) for token in CONTROL[kind]}
    assert not control & {*vocabulary.encode(text)}


@pytest.mark.parametrize("kind", KINDS)
@given(problem=TEXT, steps=st.lists(TEXT, min_size=1, max_size=4))
def test_the_family_works_with_it(
    kind: Kind, problem: str, steps: list[str], vocabularies: dict[Kind, Vocabulary]
) -> None:
    family = FAMILIES[kind][0](vocabularies[kind])
    whole = family.layout(problem, steps)
    assert len(whole.at_S) == len(steps)
    for count in range(1, len(steps)):
        assert family.layout(problem, steps[:count]).until(count - 1) == whole.until(count - 1)


def test_a_control_token_that_is_not_there_is_named(vocabularies: dict[Kind, Vocabulary]) -> None:
    with pytest.raises(InputError, match="<extra_0>"):
        vocabularies["skywork"].control("<extra_0>")


def test_a_folder_without_a_tokenizer_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not load"):
        from_transformers(str(tmp_path))
    (tmp_path / "tokenizer.json").write_text("{")
    with pytest.raises(InputError, match="does not load"):
        from_transformers(str(tmp_path))
