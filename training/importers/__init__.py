"""Logs of other systems, as records: compute-optimal-tts, search-and-learn, OpenR, REBASE, its_hub, and
anybody's CSV or JSONL with a map of its columns (docs/importing.md)."""

from compute_router.training.importers.import_logs import Imported, import_logs
from compute_router.training.importers.import_report import FileReport, Finding, Report
from compute_router.training.importers.units import FORMS

__all__ = ["FORMS", "FileReport", "Finding", "Imported", "Report", "import_logs"]
