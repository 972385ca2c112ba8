"""What can be checked in a solution without a model: the calculations that it states.

plain        mathematics as models write it, as text that a calculator could read
expression   sums, products and quotients of numbers, exactly
equations    the calculations of a text, and whether they are right
given        the numbers of a problem, and whether it is a bare sum
derivation   from which of them a result was made
evidence     all of it as a row of numbers after each step
"""

from compute_router.scoring.arithmetic.equations import Equation, equations
from compute_router.scoring.arithmetic.evidence import ANSWERED, FEATURES, GROUPS, SCHEMA, evidence
from compute_router.scoring.arithmetic.expression import Operand
from compute_router.scoring.arithmetic.given import Domain, domain

__all__ = [
    "ANSWERED",
    "FEATURES",
    "GROUPS",
    "SCHEMA",
    "Domain",
    "Equation",
    "Operand",
    "domain",
    "equations",
    "evidence",
]
