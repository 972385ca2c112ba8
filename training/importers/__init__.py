"""Logs of other systems, as records: compute-optimal-tts, search-and-learn, OpenR, REBASE, its_hub, and
anybody's CSV or JSONL with a map of its columns (docs/importing.md)."""

from training.importers.report import FileReport, Finding, Report
from training.importers.run import Imported, import_logs
from training.importers.units import FORMS

__all__ = ["FORMS", "FileReport", "Finding", "Imported", "Report", "import_logs"]
