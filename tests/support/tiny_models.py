"""PRMs of two layers with random weights, saved as their hubs save them; and tokenizers to go with them.

torch, transformers and tokenizers are imported where they are used: the default environment has none.
"""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, get_args

__all__ = ["KINDS", "Kind", "save_model", "save_tokenizer"]

Kind = Literal["math-shepherd", "rlhflow", "skywork", "qwen-math", "token-classification"]
KINDS: tuple[Kind, ...] = get_args(Kind)

FOLDERS: dict[Kind, str] = {
    "math-shepherd": "math-shepherd-mistral-7b-prm",
    "rlhflow": "Llama3.1-8B-PRM-Deepseek-Data",
    "skywork": "Skywork-o1-Open-PRM-Qwen-2.5-1.5B",
    "qwen-math": "Qwen2.5-Math-PRM-7B",
    "token-classification": "Qwen2.5-Math-1.5B-Instruct-PRM-0.2",
}
CONTROL: dict[Kind, tuple[str, ...]] = {
    "math-shepherd": ("<unk>", "<s>", "</s>"),
    "rlhflow": ("<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"),
    "skywork": ("<|endoftext|>", "<|im_start|>", "<|im_end|>"),
    "qwen-math": ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<extra_0>"),
    "token-classification": ("<|endoftext|>", "<|im_start|>", "<|im_end|>"),
}
ARCHITECTURES: dict[Kind, tuple[str, str, str]] = {
    "math-shepherd": ("MistralForCausalLM", "MistralConfig", "MistralForCausalLM"),
    "rlhflow": ("LlamaForCausalLM", "LlamaConfig", "LlamaForCausalLM"),
    "skywork": ("Qwen2ForCausalLM", "Qwen2Config", "Qwen2ForPrmModel"),
    "qwen-math": ("Qwen2ForCausalLM", "Qwen2Config", "Qwen2ForProcessRewardModel"),
    "token-classification": ("Qwen2ForTokenClassification", "Qwen2Config", "Qwen2ForTokenClassification"),
}
"""The transformers class that is made, its configuration, and the architecture that the hub names."""


def save_model(
    kind: Kind,
    into: Path,
    *,
    vocab: int = 512,
    seed: int = 0,
    hidden: int = 32,
    context: int = 4096,
    **config: Any,
) -> Path:
    """A folder under `into`, named as on the hub: config.json and model.safetensors in fp32."""
    torch: Any = import_module("torch")
    transformers: Any = import_module("transformers")
    made, configuration, named = ARCHITECTURES[kind]
    settings = {
        "vocab_size": vocab,
        "hidden_size": hidden,
        "intermediate_size": 2 * hidden,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": context,
        "initializer_range": 0.3,  # so that scores differ widely
        **({"num_labels": 2} if kind == "token-classification" else {}),
        **({"sliding_window": 4096} if kind == "math-shepherd" else {}),
        **config,
    }
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = getattr(transformers, made)(getattr(transformers, configuration)(**settings))
        state = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
        if model.config.tie_word_embeddings:
            state.pop("lm_head.weight", None)
        if kind == "skywork":
            state |= {
                "v_head.summary.weight": torch.randn(1, hidden) / 2,
                "v_head.summary.bias": torch.randn(1),
            }
        if kind == "qwen-math":
            state |= {"score.0.weight": torch.randn(hidden, hidden) / 4, "score.0.bias": torch.randn(hidden)}
            state |= {"score.2.weight": torch.randn(2, hidden) / 4, "score.2.bias": torch.randn(2)}
    folder = into / FOLDERS[kind]
    folder.mkdir(parents=True, exist_ok=True)
    model.config.save_pretrained(folder)
    written = json.loads((folder / "config.json").read_bytes())
    written["architectures"] = [named]
    (folder / "config.json").write_text(json.dumps(written))
    import_module("safetensors.torch").save_file(state, folder / "model.safetensors", {"format": "pt"})
    return folder


def save_tokenizer(kind: Kind, folder: Path) -> Path:
    """A tokenizer.json of fewer than 512 ids in `folder`, with the properties of the kind's own tokenizer."""
    tokenizers: Any = import_module("tokenizers")
    tokenizer = (_spaced if kind == "math-shepherd" else _bytes)(tokenizers)
    tokenizer.add_special_tokens(list(CONTROL[kind]))
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "clean_up_tokenization_spaces": False}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    return folder


def _spaced(tokenizers: Any) -> Any:
    """As sentencepiece: a space before every text, unknown characters as bytes."""
    base = [
        *CONTROL["math-shepherd"],
        *(f"<0x{byte:02X}>" for byte in range(256)),
        "▁",
        *"abeghinrstw+-ки0123456789",
    ]
    merges = [
        ("▁", "к"),
        ("▁к", "и"),
        ("▁", "+"),
        ("▁", "-"),
        ("▁", "t"),
        ("h", "e"),
        ("▁t", "he"),
        ("▁", "▁"),
    ]
    vocab = {piece: at for at, piece in enumerate([*base, *("".join(merge) for merge in merges)])}
    tokenizer = tokenizers.Tokenizer(
        tokenizers.models.BPE(vocab, merges, unk_token="<unk>", byte_fallback=True, fuse_unk=True)
    )
    normalizers = tokenizers.normalizers
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = tokenizers.decoders.Sequence(
        [
            tokenizers.decoders.Replace("▁", " "),
            tokenizers.decoders.ByteFallback(),
            tokenizers.decoders.Fuse(),
        ]
    )
    return tokenizer


def _bytes(tokenizers: Any) -> Any:
    """As GPT-2, Llama 3 and Qwen2.5: bytes within words."""
    merges = [
        ("Ċ", "Ċ"),
        (".", "Ċ"),
        ("Ġ", "t"),
        ("h", "e"),
        ("Ġt", "he"),
        ("s", "t"),
        ("e", "p"),
        ("st", "ep"),
    ]
    base = sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet())
    vocab = {piece: at for at, piece in enumerate([*base, *("".join(merge) for merge in merges)])}
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE(vocab, merges))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    return tokenizer
