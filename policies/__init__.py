"""Test-time policies: how to spend compute on ONE problem.

Pure values and generators: no IO, no clock, no model, no randomness of their own. The standard library
only; nothing of ours is imported from outside this package.

    make("best_of_n:n=8")     a strategy, a frozen value; make("best-of-8") is the same
    strategy.search(limits)   a generator of asks (ask.py) that returns an Outcome (select.py)
"""

from .aggregate import AGGREGATES, value
from .answer import extract_answer
from .arm_name import arm_name
from .ask import Ask, Assess, Extend, Fork, Group, Key, Score, Search, assess, fork, group, score
from .best_of_n import BestOfN, Greedy, Majority
from .choosing import Choosing
from .direct import Direct
from .limits import Limits
from .mcts import MCTS
from .outlook import Outlook
from .path import Finish, Path, Step
from .rebase import REBASE
from .registry import STRATEGIES, Strategy, from_spec, make, spec
from .reroute import Reroute
from .sampling import Sampling
from .select import SELECTS, Outcome, select
from .spec import MAX_N, SpecError
from .stepwise import DVTS, Beam
from .stopping import Stopping

__all__ = [
    "AGGREGATES",
    "DVTS",
    "MAX_N",
    "MCTS",
    "REBASE",
    "SELECTS",
    "STRATEGIES",
    "Ask",
    "Assess",
    "Beam",
    "BestOfN",
    "Choosing",
    "Direct",
    "Extend",
    "Finish",
    "Fork",
    "Greedy",
    "Group",
    "Key",
    "Limits",
    "Majority",
    "Outcome",
    "Outlook",
    "Path",
    "Reroute",
    "Sampling",
    "Score",
    "Search",
    "SpecError",
    "Step",
    "Stopping",
    "Strategy",
    "arm_name",
    "assess",
    "extract_answer",
    "fork",
    "from_spec",
    "group",
    "make",
    "score",
    "select",
    "spec",
    "value",
]
