"""The features and the estimate once more, slow and obvious: one text, one token, one number at a time."""

from __future__ import annotations

import math
from collections import Counter
from itertools import pairwise

from compute_router.difficulty import Ability, Predictor
from compute_router.difficulty.logistic import NODES, sigmoid
from compute_router.difficulty.text import TextModel

LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
OPERATORS = [*"+-*/^=<>×÷·−", "\\times", "\\cdot", "\\div", "\\le", "\\ge", "\\frac"]
PRODUCTS = [*"*/×÷·", "\\times", "\\cdot", "\\div"]
MINUSES = [*"-−"]


def what_is_read(text: str) -> str:
    return text if len(text) <= 4000 else text[:3000] + "\n" + text[-1000:]


def tokens_of(text: str) -> list[str]:
    text = what_is_read(text)
    tokens, at = [], 0
    while at < len(text):
        end = at + 1
        if text[at].isspace():
            at = end
            continue
        if text[at] in LETTERS or text[at] == "\\":
            while end < len(text) and text[end] in LETTERS:
                end += 1
        elif text[at].isdecimal():
            while text[end : end + 1].isdecimal() or (
                text[end : end + 1] in (".", ",") and text[end + 1 : end + 2].isdecimal()
            ):
                end += 1
        tokens.append(text[at:end])
        at = end
    return tokens


def is_number(token: str) -> bool:
    return token[0].isdigit()


def digits_of(number: str) -> int:
    return len([character for character in number if character.isdigit()])


def words_of(text: str) -> list[str]:
    return [f"<{min(digits_of(t), 9)}>" if is_number(t) else t.lower() for t in tokens_of(text)]


def terms_of(text: str) -> Counter[str]:
    words = words_of(text)
    return Counter(words) + Counter(f"{a} {b}" for a, b in pairwise(words))


def longest_run(tokens: list[str]) -> list[str]:
    """The longest `number operator number ...` of at least two numbers, the first of equals."""
    tokens = [t for t in tokens if t not in list("()[]{}")]
    best: list[str] = []
    for start, token in enumerate(tokens):
        if not is_number(token):
            continue
        end = start + 1
        while (
            end + 1 < len(tokens) and tokens[end] in [*PRODUCTS, *MINUSES, "+"] and is_number(tokens[end + 1])
        ):
            end += 2
        if end - start > max(1, len(best)):
            best = tokens[start:end]
    return best


def nesting_of(tokens: list[str]) -> int:
    depth = deepest = 0
    for token in tokens:
        if token in ("(", "[", "{"):
            depth += 1
        elif token in (")", "]", "}") and depth:
            depth -= 1
        deepest = max(deepest, depth)
    return min(deepest, 9)


def shape_of(text: str) -> dict[str, float]:
    tokens = tokens_of(text)
    numbers = [t for t in tokens if is_number(t)]
    digits = [digits_of(n) for n in numbers]
    prose = [t for t in tokens if t[0].isalpha() and len(t) > 1]
    commands = [t for t in tokens if t[0] == "\\" and len(t) > 1]
    shape = {
        "log_chars": math.log1p(min(len(text), 4000)),
        "log_words": math.log1p(len(prose)),
        "log_mean_word": math.log1p(sum(map(len, prose)) / len(prose)) if prose else 0.0,
        "log_sentences": math.log1p(sum(t in (".", "?", "!") for t in tokens)),
        "questions": tokens.count("?"),
        "log_numbers": math.log1p(len(numbers)),
        "max_digits": max(digits, default=0),
        "mean_digits": sum(digits) / len(digits) if digits else 0.0,
        "decimals": sum("." in n for n in numbers),
        "percents": tokens.count("%") + tokens.count("percent"),
        "currency": "$" in tokens and not commands,
        "log_commands": math.log1p(len(commands)),
        "log_distinct_commands": math.log1p(len(set(commands))),
        "log_variables": math.log1p(sum(t.isalpha() and len(t) == 1 for t in tokens)),
        "log_operators": math.log1p(sum(t in OPERATORS for t in tokens)),
        "equations": tokens.count("="),
        "powers": tokens.count("^"),
        "nesting": nesting_of(tokens),
        "empty": not tokens,
    }
    run = longest_run(tokens) if len(prose) <= 12 else []
    sizes = [digits_of(t) for t in run[::2]]
    shape |= {
        "expression": bool(run),
        "expression_terms": len(sizes),
        "expression_log_terms": math.log(len(sizes)) if run else 0.0,
        "expression_digits": sum(sizes) / len(sizes) if run else 0.0,
        "expression_work": math.log1p(sum(sizes)),
        "expression_products": sum(t in PRODUCTS for t in run[1::2]),
        "expression_minuses": sum(t in MINUSES for t in run[1::2]),
    }
    return {name: float(value) for name, value in shape.items()}


def estimate_of(model: TextModel, text: str, names: tuple[str, ...]) -> tuple[float, float]:
    """b and its sd."""
    known = {term: count for term, count in terms_of(text).items() if term in model.terms}
    weights = {term: (1 + math.log(count)) * model.terms[term][0] for term, count in known.items()}
    norm = math.sqrt(math.fsum(w * w for w in weights.values())) or 1.0
    raw = model.intercept + math.fsum(w / norm * model.terms[term][1] for term, w in weights.items())
    shape = shape_of(text)
    raw += math.fsum(
        weight * min(max(shape[name], low), high)
        for name, (low, high, weight) in zip(names, model.shape, strict=True)
    )
    words = words_of(text)
    share = sum(word in model.terms for word in words) / len(words) if words else 0.0
    variance = share * model.residual**2 + (1 - share) * model.spread**2
    return model.centre + share * (raw - model.centre), math.sqrt(variance)


def bins_of(predictor: Predictor, b: float, b_sd: float, ability: Ability) -> tuple[float, ...]:
    """P(easy), P(medium), P(hard), pass@1."""
    a = predictor.discrimination
    mean, sd = a * (ability.value - b), a * math.hypot(b_sd, ability.sd)
    easy, solvable = (
        0.5 * math.erfc((math.log(p / (1 - p)) - mean) / (sd * math.sqrt(2))) for p in (0.5, 0.1)
    )
    pass_at_1 = math.fsum(weight * sigmoid(mean + sd * z) for z, weight in NODES)
    return easy, solvable - easy, 1 - solvable, min(1.0, pass_at_1)
