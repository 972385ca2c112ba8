"""The one error of this package's boundary."""

from __future__ import annotations

__all__ = ["ModelFileError"]


class ModelFileError(Exception):
    """A predictor file is missing, damaged, of another version or not to be trusted.

    The message is one sentence that says which, and what to do.
    """
