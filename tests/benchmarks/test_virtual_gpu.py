"""The modelled server: what takes longer, what sharing saves, and that leaps change nothing."""

import asyncio
from collections.abc import Callable, Sequence
from random import Random

import pytest
from virtual.clock import run
from virtual.cost import H100, POLICY, Limits, Pace
from virtual.gpu import Gpu
from virtual.radix import Radix, Segment

LIMITS = Limits()
Plan = tuple[float, tuple[Segment, ...], int, int]
"""When, the prefix, tokens to write, the name of what is written."""


def serve(gpu: Gpu, plans: Sequence[Plan]) -> list[float]:
    """When each sequence ended."""

    async def one(plan: Plan) -> float:
        at, prefix, new, name = plan
        await asyncio.sleep(at)
        await gpu.submit(prefix, new, name).done
        return asyncio.get_running_loop().time()

    async def main() -> list[float]:
        return list(await asyncio.gather(*map(one, plans)))

    return run(main())


def server(**how: object) -> Gpu:
    return Gpu(H100, POLICY, LIMITS, **how)  # type: ignore[arg-type]


def crowd(seed: int, n: int = 60) -> list[Plan]:
    """Requests at odd times, in families that share a prompt."""
    random = Random(seed)
    return [
        (
            random.random() * 2,
            ((1 + i % 7, 200), (100 + i % 20, 50)) if i % 3 else ((1 + i % 7, 200),),
            random.randrange(0, 120),
            1000 + i,
        )
        for i in range(n)
    ]


def test_time_grows_with_tokens() -> None:
    ends = [
        serve(server(), [(0, ((1, prompt), (2, 10)), new, 9)])[0] for prompt, new in ((100, 10), (100, 20))
    ]
    assert ends[0] < ends[1]
    pace = Pace(H100, POLICY, 0.001)
    assert pace.iteration(0, 0, 100) <= pace.iteration(0, 0, 1000) < pace.iteration(0, 0, 8000)
    assert pace.iteration(10, 1000) < pace.iteration(10, 100_000)


def test_one_token_cannot_take_less_than_reading_the_weights() -> None:
    [end] = serve(server(), [(0, ((1, 10),), 1, 9)])
    assert end >= POLICY.weight_bytes / H100.bandwidth


def test_batching_pays() -> None:
    alone = serve(server(), [(0, ((1, 100),), 100, 9)])[0]
    together = max(serve(server(), [(0, ((i, 100),), 100, 100 + i) for i in range(1, 17)]))
    assert together < 2 * alone


@pytest.mark.parametrize("decoding", [1, 64, 2000])
@pytest.mark.parametrize("kv", [0, 1000, 400_000])
def test_iterations_in_a_row_cost_what_they_cost_one_by_one(decoding: int, kv: int) -> None:
    pace = Pace(H100, POLICY, 0.001)
    single = sum(pace.iteration(decoding, kv + i * decoding) for i in range(500))
    assert pace.decode(decoding, kv, 500) == pytest.approx(single, rel=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_leaps_change_nothing(seed: int) -> None:
    stepped, leaping = server(leap=False), server()
    assert serve(leaping, crowd(seed)) == pytest.approx(serve(stepped, crowd(seed)), abs=1e-6)
    assert leaping.stats.iterations == stepped.stats.iterations
    assert leaping.stats.generated == stepped.stats.generated == sum(new for _, _, new, _ in crowd(seed))
    assert leaping.stats.computed == stepped.stats.computed


def test_a_shared_prefix_is_read_once() -> None:
    def computed(gpu: Gpu) -> int:
        serve(gpu, [(i, ((1, 1000),), 10, 100 + i) for i in range(4)])
        return gpu.stats.computed

    assert computed(server(radix=False)) == 4 * 1000
    assert computed(server()) == 1000 + 3  # the last token of a cached prefix is always computed


def test_what_was_written_is_part_of_the_next_prefix() -> None:
    gpu = server()
    serve(gpu, [(0, ((1, 100),), 50, 2), (5, ((1, 100), (2, 50)), 10, 3)])
    assert gpu.stats.computed == 100 + 1
    assert gpu.stats.cached == 149


def test_children_that_come_at_once_each_read_the_prompt() -> None:
    gpu = server()
    serve(gpu, [(0, ((1, 100),), 5, 10 + i) for i in range(4)])
    assert gpu.stats.computed == 400


def test_a_small_pool_evicts_and_reads_again() -> None:
    plans: list[Plan] = [(5.0 * turn, ((1 + turn % 3, 400),), 0, 0) for turn in range(9)]
    roomy, small = server(), server(pool=1000)
    serve(roomy, plans)
    serve(small, plans)
    assert roomy.cache.evicted == 0
    assert small.cache.evicted > 0
    assert small.stats.computed > roomy.stats.computed
    assert small.cache.tokens <= 1000


def test_a_small_pool_makes_wait_but_serves_all() -> None:
    gpu = server(pool=700)
    ends = serve(gpu, [(0, ((i, 200),), 100, 100 + i) for i in range(1, 9)])
    assert sorted(ends) == ends
    assert len(set(ends)) > 2
    assert gpu.stats.generated == 800


def test_what_never_fits_is_refused() -> None:
    with pytest.raises(ValueError, match="never fit"):
        serve(server(pool=100), [(0, ((1, 90),), 20, 2)])


def test_the_least_recently_used_leaf_goes_first_and_no_locked_one() -> None:
    cache = Radix()
    cache.insert(None, (1, 10))
    for name in (2, 3, 4):
        cache.insert(1, (name, 10))
    cache.lock(((1, 10), (2, 10)))
    cache.unlock(((1, 10), (2, 10)))
    cache.lock(((1, 10), (3, 10)))
    assert cache.evict(10)
    assert 4 not in cache
    assert not cache.evict(20)
    assert cache.evict(10)
    assert 2 not in cache
    assert 3 in cache
    assert 1 in cache


def aborted(when: float, then: Callable[[Gpu], None] = lambda gpu: None) -> Gpu:
    """A server whose only sequence is given up at `when`, and told so 5 ms later."""
    gpu = server()

    async def main() -> None:
        sequence = gpu.submit(((1, 100),), 1000, 2)
        await asyncio.sleep(when)
        gpu.give_up(sequence)
        await asyncio.sleep(0.005)
        gpu.abort(sequence)
        await sequence.done
        then(gpu)
        await gpu.submit(((1, 100),), 10, 3).done

    run(main())
    return gpu


def test_an_abort_wastes_what_was_written_since_the_decision() -> None:
    gpu = aborted(1.0)
    assert 1 <= gpu.stats.unwanted <= 4
    assert 0 < gpu.stats.generated < 1010


def test_an_abort_leaves_the_pool_as_it_was() -> None:
    gpu = aborted(0.1)
    assert gpu.cache.locked == 0
    assert gpu.cache.tokens == 110
    assert gpu.stats.cached == 99


def test_an_abort_before_the_first_token_wastes_nothing() -> None:
    gpu = aborted(0.0)
    assert gpu.stats.unwanted <= 2
