"""Where the data files of configs/ are: beside this module in a wheel, at the root in a checkout."""

from __future__ import annotations

from pathlib import Path

from compute_router.errors import RouterError

__all__ = ["data_path"]

_PACKAGE = Path(__file__).parents[1]
_FOLDERS = (_PACKAGE / "configs", _PACKAGE.parent / "configs")


def data_path(name: str) -> Path:
    """The file `name` (such as "models.yaml") of configs/. Raises RouterError where it is absent."""
    for folder in _FOLDERS:
        if (path := folder / name).is_file():
            return path
    places = " or ".join(str(folder) for folder in _FOLDERS)
    raise RouterError(
        f"the data file {name} is missing: it belongs in {places}; install compute-router again"
    )
