"""What can be checked in a solution without a model: the calculations that it states."""

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
