"""Engine over a running SGLang server, by its native POST /generate. No torch here."""

from compute_router.engines.sglang.engine import SGLangEngine
from compute_router.engines.sglang.fleet import Fleet
from compute_router.engines.sglang.inside import Inside
from compute_router.engines.sglang.served import Served, identify
from compute_router.engines.sglang.sized import sized
from compute_router.engines.tokenizer import Tokenizer

__all__ = ["Fleet", "Inside", "SGLangEngine", "Served", "Tokenizer", "identify", "sized"]
