"""Trajectories by hash: what a child of a path is like hangs on (problem, path, child) alone."""

from __future__ import annotations

import math
from dataclasses import dataclass
from hashlib import blake2b

from compute_router.engines.base import Request
from compute_router.policies import Path, Step

__all__ = ["Node", "World"]

ANSWERS = 5
SHALLOWEST, DEEPEST = 2, 40
# Steps a path and tokens a step: the medians and spreads of 294 records that compute-optimal-tts itself wrote
# (MATH-500, Qwen2.5-1.5B, beam of 4): 10 steps (quartiles 7 and 14, 95 % below 29, 40 at most), 39 tokens
# (quartiles 21 and 67, 95 % below 129).
STEPS, STEPS_SPREAD = 10, 0.6
TOKENS, TOKENS_SPREAD = 39, 0.85
FORESIGHT = 0.45
"""Correlation of the shipped predictor's pass@1 with the logarithm of the steps in those records."""


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A step and all that precedes it. `step.tokens_T` repeats the node's own id, so that the tokens of a
    path tell which one it is. `score` is the PRM's for this step; `quality` is hidden."""

    id: int
    parent: Node | None
    depth: int
    step: Step
    stops: bool
    score: float
    quality: float
    problem: int

    @property
    def tokens(self) -> int:
        return len(self.step.tokens_T)


class World:
    """Steps of TOKENS tokens and paths of STEPS steps (lognormal), prompts of 150 to 250, ANSWERS answers of
    which the right one grows likelier with the quality that the PRM sees through noise."""

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed
        self._nodes: dict[int, Node] = {}
        self._children: dict[tuple[int, int], Node] = {}
        self._roots: dict[str, Node] = {}

    def root(self, text: str) -> Node:
        """The problem itself; its tokens are the prompt's."""
        if text not in self._roots:
            name = _draw(self._seed, text)
            tokens = 150 + name % 101
            ease = _normal(name, "ease")
            step = Step(text, (name,) * tokens)
            self._roots[text] = self._keep(Node(name, None, 0, step, False, 0.0, ease, name))
        return self._roots[text]

    def expected(self, text: str) -> float:
        """How long the search of a problem is expected to be, on a scale of its own, before it starts."""
        problem = self.root(text).problem
        blind = math.sqrt(1 - FORESIGHT**2)
        return FORESIGHT * _normal(problem, "steps") + blind * _normal(problem, "expected")

    def at(self, request: Request) -> Node:
        """Where a request starts from."""
        return self._nodes[(request.path_T or request.prompt_T)[-1]]

    def node(self, step: Step) -> Node:
        return self._nodes[step.tokens_T[-1]]

    def leaf(self, path: Path) -> Node:
        """The node that a path has come to."""
        return self.node(path.steps_S[-1])

    def child(self, parent: Node, seed: int) -> Node:
        """One step further; `seed` is the request's, which is made from the path and the child."""
        key = (parent.id, seed)
        if key not in self._children:
            self._children[key] = self._keep(self._grow(parent, _draw(parent.id, seed)))
        return self._children[key]

    def _grow(self, parent: Node, name: int) -> Node:
        depth = parent.depth + 1
        tokens = min(512, max(4, round(TOKENS * math.exp(TOKENS_SPREAD * _normal(name, "length")))))
        quality = parent.quality + 0.25 * _normal(name, "quality")
        score = 1 / (1 + math.exp(-quality - 0.5 * _normal(name, "noise")))
        usual = STEPS * math.exp(STEPS_SPREAD * _normal(parent.problem, "steps"))
        late = _unit(name, "stop") < (depth - usual + 2) / 4
        stops = depth >= DEEPEST or (depth >= SHALLOWEST and late)
        text = f"{name:x}\n\n"
        if stops:
            right = _unit(name, "right") < 1 / (1 + math.exp(-1.5 * quality))
            answer = 0 if right else 1 + name % (ANSWERS - 1)
            text = f"{name:x} \\boxed{{{answer}}}"
        return Node(name, parent, depth, Step(text, (name,) * tokens), stops, score, quality, parent.problem)

    def _keep(self, node: Node) -> Node:
        self._nodes[node.id] = node
        return node


def _draw(*parts: object) -> int:
    """62 bits, never 0."""
    return (int.from_bytes(blake2b(repr(parts).encode(), digest_size=8).digest(), "big") >> 2) | 1


def _unit(*parts: object) -> float:
    return _draw(*parts) / 2**62


def _normal(*parts: object) -> float:
    return math.sqrt(-2 * math.log(_unit(*parts, 1))) * math.cos(2 * math.pi * _unit(*parts, 2))
