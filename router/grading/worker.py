"""The worker process: loads math-verify once, then forks a child for every comparison.

A child that hangs, eats memory or dies takes nothing with it and costs no reload: the kernel ends
it at the deadline (an interval timer, so C code that holds the interpreter ends too), and the worker
goes on. Orphans are impossible beyond one deadline: the worker ends when its input does, and
a child never outlives its timer.

This file is run by its path and imports nothing of ours; `compute_router.grading.process` is the other end.
One line of JSON in, `{"gold", "answer", "symmetric", "seconds"}`; one line out, a verdict. The first
line out is "ready", or says why not.
"""

from __future__ import annotations

import gc
import json
import logging
import os
import resource
import signal
import sys
from typing import Final

MEMORY_BYTES: Final = 2 << 30
DIFFERENT: Final = 0
EQUAL: Final = 1
_WARM_UP: Final = (("(x+1)^2", "x^2+2x+1"), (r"\frac{1}{2}", "1,2"), (r"\sqrt{8}", "(1, 2]"))


def same(gold: str, answer: str) -> bool:
    """Whether `answer` is mathematically `gold`. The order matters: "x = 5" is accepted for a gold 5."""
    from math_verify import LatexExtractionConfig, parse, verify

    # As the content of a box, bare and dressed LaTeX parse alike, and plain numbers too. Both time
    # limits are off: they are alarms of the interpreter, which a long C call never hears.
    boxed = [LatexExtractionConfig(boxed_match_priority=0)]
    parsed_gold, parsed_answer = (
        parse(rf"\boxed{{{text}}}", boxed, parsing_timeout=None) for text in (gold, answer)
    )
    return bool(verify(parsed_gold, parsed_answer, timeout_seconds=None))


def compare(gold: str, answer: str, symmetric: bool, seconds: float) -> str:
    """Run one comparison in a child: "equal", "different", "timeout" or "crash"."""
    child = os.fork()
    if child == 0:
        _compare_and_exit(gold, answer, symmetric, seconds)
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        return "timeout" if os.WTERMSIG(status) == signal.SIGALRM else "crash"
    return {EQUAL: "equal", DIFFERENT: "different"}.get(os.WEXITSTATUS(status), "crash")


def _compare_and_exit(gold: str, answer: str, symmetric: bool, seconds: float) -> None:
    """The child's whole life; it ends here, whatever happens."""
    code = 2
    try:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        signal.setitimer(signal.ITIMER_REAL, seconds)
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        limit = MEMORY_BYTES if hard == resource.RLIM_INFINITY else min(MEMORY_BYTES, hard)
        resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
        equal = same(gold, answer) or (symmetric and same(answer, gold))
        code = EQUAL if equal else DIFFERENT
    finally:
        os._exit(code)


def main() -> None:
    """Serve comparisons until the input ends."""
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    logging.disable(logging.CRITICAL)
    try:
        # What the first comparisons load and build, every child then inherits.
        for gold, answer in _WARM_UP:
            same(gold, answer)
    except ImportError as error:
        print(json.dumps(f"math-verify does not load: {error}"), file=replies)
        return
    gc.freeze()
    print(json.dumps("ready"), file=replies)
    for line in sys.stdin:
        print(json.dumps(compare(**json.loads(line))), file=replies)


if __name__ == "__main__":
    main()
