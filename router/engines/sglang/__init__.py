"""Engine over a running SGLang server, by its native POST /generate. No torch here.

served.py     who answers behind a URL: model, context, tokenizer
sized.py      how large that model is
engine.py     the Engine protocol over one server
fleet.py      several servers of one model as one engine
calls.py      requests of one moment become one list call; aborts
member.py     one member of a list call, and its reply to come
inside.py     SGLang in this program, instead of behind an address
http.py       kept-alive connections, answers handed on as they come
wire.py       a list call as bytes, and its streamed reply as extensions
tokenizer.py  a problem as prompt tokens, by the model's own chat template
"""

from compute_router.engines.sglang.engine import SGLangEngine
from compute_router.engines.sglang.fleet import Fleet
from compute_router.engines.sglang.inside import Inside
from compute_router.engines.sglang.served import Served, identify
from compute_router.engines.sglang.sized import sized
from compute_router.engines.tokenizer import Tokenizer

__all__ = ["Fleet", "Inside", "SGLangEngine", "Served", "Tokenizer", "identify", "sized"]
