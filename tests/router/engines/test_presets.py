"""configs/embedded.yaml, and what is made of a wrong one."""

from __future__ import annotations

from pathlib import Path

import pytest

from compute_router.engines import presets
from compute_router.errors import RouterError

GOOD = "slots: 2\ncontext: 256\nstep_tokens: 32\npath_tokens: 64\n"


def load(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> presets.EmbeddedPreset:
    path = tmp_path / "embedded.yaml"
    path.write_text(text)
    monkeypatch.setattr(presets, "data_path", lambda name: path)
    return presets.load_embedded()


def test_the_shipped_preset_leaves_room_for_a_prompt() -> None:
    preset = presets.load_embedded()
    for path_tokens in (preset.path_tokens, *preset.path_tokens_of.values()):
        assert preset.step_tokens <= path_tokens < preset.context


def test_limits_are_the_presets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    preset = load(GOOD + "path_tokens_of: {longer: 128}\n", tmp_path, monkeypatch)
    for model, path_tokens in (("any", 64), ("longer", 128)):
        limits = preset.limits(model)
        assert (limits.step_tokens, limits.path_tokens) == (32, path_tokens)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (GOOD.replace("slots: 2", "slots: 0"), "slots"),
        (GOOD.replace("slots: 2", "slots: two"), "slots"),
        (GOOD + "extra: 1\n", "extra"),
        (GOOD + "path_tokens_of: {a: 0}\n", "path_tokens_of"),
        ("- a list\n", "the file"),
        ("slots: [\n", "cannot be read"),
        ("slots: !!python/object/apply:os.system ['true']\n", "cannot be read"),
    ],
)
def test_a_wrong_preset_is_one_error(
    text: str, named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(RouterError, match=named):
        load(text, tmp_path, monkeypatch)
