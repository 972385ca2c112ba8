"""The version: pyproject.toml, `compute-router --version` and a run's config read it here."""

__version__ = "0.5.0"
