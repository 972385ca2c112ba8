"""Test-time policies: how to spend compute on ONE problem.

Pure values and generators: no IO, no clock, no model, no randomness of their own. The standard library
only; nothing of ours is imported from outside this package.

    make("best_of_n:n=8")     a strategy, a frozen value
    strategy.search(limits)   a generator of asks (ask.py) that returns an Outcome (select.py)
"""

from .aggregate import AGGREGATES, value
from .answer import extract_answer
from .ask import Ask, Assess, Extend, Fork, Group, Key, Score, Search
from .direct import Direct
from .limits import Limits
from .mcts import MCTS
from .outlook import Outlook
from .path import Finish, Path, Step
from .rebase import REBASE
from .registry import STRATEGIES, Strategy, make, spec
from .reroute import Reroute
from .sampling import BestOfN, Greedy, Majority
from .select import SELECTS, Outcome, select
from .spec import MAX_N, SpecError
from .stepwise import DVTS, Beam

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
    "Score",
    "Search",
    "SpecError",
    "Step",
    "Strategy",
    "extract_answer",
    "make",
    "select",
    "spec",
    "value",
]
