"""SGLang's launcher, with its deterministic mode made to run on a CPU.

The attention that runs on a CPU joins the list of those the mode takes, by SGLang's own `add_..._choices`.
And the one GPU kernel of seeded sampling, a hash, is worked out by torch: the same numbers. What the mode's
GPU kernels add, that a batch of k and one of k - 1 round alike, is not had here.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

ALL = 0xFFFFFFFF


def murmur_hash32(seed: Any, positions: Any, col_indices: Any) -> Any:
    """MurmurHash3 of (low and high half of the seed, position, column), 16 bytes, for each row and column."""
    torch = import_module("torch")
    seed, positions, columns = (x.to(torch.int64) for x in (seed, positions, col_indices))
    blocks = (seed & ALL, (seed >> 32) & ALL, positions & ALL)
    hashed = torch.zeros_like(seed)
    for block in blocks:
        hashed = _mixed(hashed, block)
    hashed = _mixed(hashed[:, None], columns[None, :] & ALL) ^ 16
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        hashed = ((hashed ^ (hashed >> shift)) * factor) & ALL
    return hashed ^ (hashed >> 16)


def _mixed(hashed: Any, block: Any) -> Any:
    block = _rotated((block * 0xCC9E2D51) & ALL, 15)
    hashed = _rotated(hashed ^ ((block * 0x1B873593) & ALL), 13)
    return (hashed * 5 + 0xE6546B64) & ALL


def _rotated(x: Any, by: int) -> Any:
    return ((x << by) | (x >> (32 - by))) & ALL


def main() -> None:
    server_args = import_module("sglang.srt.server_args")
    server_args.add_deterministic_attention_backend_choices(["torch_native"])
    server_args.add_radix_supported_deterministic_attention_backend_choices(["torch_native"])
    import_module("sglang.launch_server").run_server(server_args.prepare_server_args(sys.argv[1:]))


if __name__ == "__main__":
    main()
elif __name__ == "__mp_main__":  # one of SGLang's own processes, which import this file first
    import_module("sglang.srt.layers.utils.hash").__dict__["murmur_hash32"] = murmur_hash32
