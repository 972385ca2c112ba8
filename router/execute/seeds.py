"""Seeds from names: (run seed, problem, ask key) -> a seed, never from arrival order."""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b

from compute_router.policies import Key

__all__ = ["seed_of"]


def seed_of(run_seed: int, problem_id: str, key: Key) -> int:
    """A seed in [0, 2^31). Siblings, which differ in `child` alone, have consecutive seeds: an engine
    that samples n continuations of one prefix from seed s by s, s+1, ... may take them in one request."""
    return _family(run_seed, problem_id, key.tree, key.parent) + key.child


@lru_cache(maxsize=4096)
def _family(run_seed: int, problem_id: str, tree: int, parent: tuple[int, ...]) -> int:
    name = f"{run_seed}\x1f{problem_id}\x1f{tree}\x1f{'.'.join(map(str, parent))}"
    digest = blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    # 2^31 less room for the largest child index, so that siblings never wrap around.
    return int.from_bytes(digest, "big") % (2**31 - 2**16)
