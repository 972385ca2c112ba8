"""Parameter counts of the dense policy models in the logs, by `names.key`.

Mixtures of experts are left out (their count says little of what a token costs or knows), and so
are models whose makers do not say.
"""

from __future__ import annotations

__all__ = ["BILLIONS", "PUBLISHED"]

BILLIONS = {
    "athene-70b": 70.6,
    "command-r": 35.0,
    "command-r-plus": 104.0,
    "gemma-2-2b-it": 2.61,
    "gemma-2-9b-it": 9.24,
    "gemma-2-27b-it": 27.2,
    "llama-3-8b-instruct": 8.03,
    "llama-3-70b-instruct": 70.6,
    "llama-3.1-8b-instruct": 8.03,
    "llama-3.1-70b-instruct": 70.6,
    "llama-3.1-405b-instruct-turbo": 405.0,
    "llama-3.2-1b-instruct": 1.24,
    "llama-3.2-3b-instruct": 3.21,
    "mistral-large-2": 123.0,
    "mistral-nemo-instruct-2407": 12.2,
    "phi-3-mini-4k-instruct": 3.82,
    "phi-3.5-mini-instruct": 3.82,
    "qwen2-7b-instruct": 7.62,
    "qwen2-72b-instruct": 72.7,
    "qwen2.5-0.5b-instruct": 0.494,
    "qwen2.5-1.5b-instruct": 1.54,
    "qwen2.5-3b-instruct": 3.09,
    "qwen2.5-7b-instruct": 7.62,
    "qwen2.5-14b-instruct": 14.8,
    "qwen2.5-32b-instruct": 32.8,
    "qwen2.5-72b-instruct": 72.7,
    "qwen2.5-math-1.5b": 1.54,
    "yi-1.5-9b-chat": 8.83,
    "yi-1.5-34b-chat": 34.4,
}

PUBLISHED = {
    "qwen2.5-0.5b-instruct": 0.316,
    "llama-3.2-3b-instruct": 0.414,
    "qwen2.5-14b-instruct": 0.802,
}
"""Chain-of-thought accuracy on MATH-500 (arXiv 2502.06703, Table 5) of models without logs of their own."""
