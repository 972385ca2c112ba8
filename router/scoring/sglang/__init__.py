"""A PRM behind running SGLang servers. No torch here.

scorer.py   the Scorer protocol: what is known, what is missing, who is asked
plan.py     one path: its layout, the steps whose scores are missing
layouts.py  paths as ids
memory.py   scores by the ids that lead to them, ids by their text
homes.py    which server a problem lives at
server.py   one server: list calls, one after another where a prefix must be read first
wire.py     a list call of /generate or /classify as bytes, and its reply as logits
"""

from compute_router.scoring.sglang.scorer import SGLangScorer

__all__ = ["SGLangScorer"]
