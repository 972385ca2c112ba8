"""What can be checked in a solution without a model: the calculations that it states.

plain        mathematics as models write it, as text that a calculator could read
expression   sums, products and quotients of numbers, exactly
equations    the calculations of a text, and whether they are right
"""

from router.scoring.arithmetic.equations import Equation, equations
from router.scoring.arithmetic.expression import Operand

__all__ = ["Equation", "Operand", "equations"]
