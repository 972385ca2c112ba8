"""PRMs as SGLang serves them: a folder of safetensors in, another one out. Neither torch nor pickle here."""

from compute_router.scoring.convert.folder import Converted, convert

__all__ = ["Converted", "convert"]
