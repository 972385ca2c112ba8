"""A policy model made on the spot: random weights, a real small tokenizer with a chat template.

Its texts are noise of the right shape. The logits of the tokens that shape a solution (a blank line, an
answer in a box, the end) are raised by as much as makes steps some 12 tokens long and solutions some 4
steps. All other differences come from the random layers, so the text hangs on every token before it.
"""

from __future__ import annotations

import math
from importlib import import_module
from pathlib import Path
from typing import Any

__all__ = ["BOXES", "END", "make_policy_model"]

START, END = "<|im_start|>", "<|im_end|>"
BOXES = tuple(f" \\boxed{{{n}}}" for n in range(40, 45))
"""Answers as tokens of their own: noise would never spell one."""

_TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
_WORDS = (
    "First we add the two numbers, then we check that the sum is right.\n\n"
    "So 12 + 30 = 42, which is what the problem asks for.\n\n"
    "Therefore the answer is the sum of both terms.\n\n"
)
_SPLIT = r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"

WIDTH = 64


def make_policy_model(folder: Path, *, seed: int = 0, context: int = 2048, dtype: str = "bfloat16") -> Path:
    """Write a Qwen2 of two layers (some 0.1 million parameters) and its tokenizer to `folder`; returns it."""
    torch: Any = import_module("torch")
    transformers: Any = import_module("transformers")
    tokenizer = _tokenizer(transformers)
    end = tokenizer.convert_tokens_to_ids(END)
    config = transformers.Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=WIDTH,
        intermediate_size=2 * WIDTH,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=context,
        tie_word_embeddings=False,
        bos_token_id=None,
        eos_token_id=end,
        pad_token_id=tokenizer.pad_token_id,
    )
    torch.manual_seed(seed)
    model = transformers.Qwen2ForCausalLM(config)
    raised = _raised(tokenizer)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.dim() > 1 and "embed" not in name and "lm_head" not in name:
                weight.normal_(std=1.2 / math.sqrt(weight.shape[1]))
        common = torch.ones(WIDTH)
        # After the last norm a hidden state has length sqrt(WIDTH); about a third of it is `common`.
        embed = model.model.embed_tokens.weight
        embed.normal_(std=1.0).add_(common * 0.7)
        head = model.lm_head.weight
        head.normal_(std=1.5 / math.sqrt(WIDTH))
        head.sub_(head.mean(dim=1, keepdim=True))
        for token, more in raised.items():
            head[token] += common * more / (WIDTH * 0.4)
    model.to(getattr(torch, dtype)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _raised(tokenizer: Any) -> dict[int, float]:
    """Tokens and what is added to their logits, about."""
    ids = {tokenizer.convert_ids_to_tokens(i): i for i in range(len(tokenizer))}
    step = [i for text, i in ids.items() if "\n\n" in tokenizer.decode([i])]
    return {
        **dict.fromkeys(step, 3.0),
        **dict.fromkeys((ids[text] for text in BOXES), 1.0),
        ids[END]: 2.2,
        ids[START]: -8.0,
        tokenizer.pad_token_id: -8.0,
    }


def _tokenizer(transformers: Any) -> Any:
    """Bytes and what can be merged of a few sentences: plain text in, the same text out."""
    tokenizers: Any = import_module("tokenizers")
    pre, models = tokenizers.pre_tokenizers, tokenizers.models
    built = tokenizers.Tokenizer(models.BPE())
    split = pre.Split(tokenizers.Regex(_SPLIT), "isolated")
    built.pre_tokenizer = pre.Sequence([split, pre.ByteLevel(add_prefix_space=False, use_regex=False)])
    built.decoder = tokenizers.decoders.ByteLevel()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=360, initial_alphabet=sorted(pre.ByteLevel.alphabet()), show_progress=False
    )
    built.train_from_iterator([_WORDS] * 8, trainer)
    built.add_tokens(list(BOXES))
    built.add_special_tokens([START, END, "<|endoftext|>"])
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=built, eos_token=END, pad_token="<|endoftext|>", chat_template=_TEMPLATE
    )
