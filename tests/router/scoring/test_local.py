"""The PRM in this process against plain transformers, on models of two layers. Needs torch."""

from __future__ import annotations

import asyncio
import json
import random
import shutil
import threading
from collections.abc import Callable, Sequence
from pathlib import Path as Folder
from typing import Any

import pytest
from family_kit import FAMILIES, SIZE, hostile, tiny

from compute_router.errors import InputError, ScorerError
from compute_router.policies import Path, Step
from compute_router.scoring.base import Scored
from compute_router.scoring.families.base import Layout, TokenPair
from compute_router.scoring.local import LocalScorer
from support.tiny_models import KINDS, Kind, save_model

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
safetensors = pytest.importorskip("safetensors.torch")

Batch = list[tuple[str, Path]]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[Kind, Folder]:
    torch.set_num_threads(1)
    into = tmp_path_factory.mktemp("prms")
    return {kind: save_model(kind, into, vocab=SIZE) for kind in KINDS}


def path(*steps: str) -> Path:
    return Path((0,), tuple(Step(step) for step in steps))


def problems(count: int, *, seed: int = 0, steps: int = 6) -> Batch:
    chance = random.Random(seed)
    return [
        (
            f"What is {chance.random()}? {hostile(chance)}",
            path(*(f"{hostile(chance)} step {chance.random()}" * 2 for _ in range(chance.randint(1, steps)))),
        )
        for _ in range(count)
    ]


def scorer(kind: Kind, folder: Folder, **how: Any) -> LocalScorer:
    return LocalScorer(str(folder), vocabulary=FAMILIES[kind][1](), device="cpu", **how)


def scored(one: LocalScorer, *batches: Batch) -> list[list[Scored]]:
    async def main() -> list[list[Scored]]:
        async with one:
            return [list(await one.score(batch)) for batch in batches]

    return asyncio.run(main())


def plain(kind: Kind, folder: Folder) -> Callable[[Layout], list[float]]:
    """One unpadded forward of the whole sequence, heads as the projects define them."""
    nn = torch.nn
    readout = tiny(kind)[0].readout
    state = safetensors.load_file(folder / "model.safetensors")
    inner = {
        name.removeprefix("model."): tensor for name, tensor in state.items() if name.startswith("model.")
    }
    if isinstance(readout, TokenPair):
        whole = transformers.AutoModelForCausalLM.from_pretrained(folder).eval()
        pair = [readout.good, readout.bad]
        return lambda layout: _softmax(whole(torch.tensor([layout.ids_T])).logits[0][:, pair], layout, 0)
    if kind == "token-classification":
        whole = transformers.AutoModelForTokenClassification.from_pretrained(folder).eval()
        return lambda layout: _softmax(whole(torch.tensor([layout.ids_T])).logits[0], layout, 1)
    model = transformers.Qwen2Model(transformers.Qwen2Config.from_pretrained(folder)).eval()
    model.load_state_dict(inner)
    if kind == "skywork":
        value = nn.Linear(32, 1)
        value.load_state_dict({part: state[f"v_head.summary.{part}"] for part in ("weight", "bias")})
        return lambda layout: [
            float(value(model(torch.tensor([layout.ids_T])).last_hidden_state[0, at]).sigmoid())
            for at in layout.at_S
        ]
    head = nn.Sequential(nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 2))
    head.load_state_dict(
        {name.removeprefix("score."): state[name] for name in state if name.startswith("score.")}
    )
    return lambda layout: _softmax(head(model(torch.tensor([layout.ids_T])).last_hidden_state[0]), layout, 1)


def _softmax(logits: Any, layout: Layout, good: int) -> list[float]:
    return [float(logits[at].softmax(-1)[good]) for at in layout.at_S]


def near(scores_S: Sequence[float], within: float = 1e-4) -> Any:
    return pytest.approx(tuple(scores_S), abs=within)


@pytest.mark.parametrize("kind", KINDS)
def test_scores_are_those_of_plain_transformers(kind: Kind, folders: dict[Kind, Folder]) -> None:
    batch = problems(12)
    expected = plain(kind, folders[kind])
    family, _ = tiny(kind)
    [ours] = scored(scorer(kind, folders[kind]), batch)
    with torch.inference_mode():
        for (problem, each), one in zip(batch, ours, strict=True):
            layout = family.layout(problem, [step.text for step in each.steps_S])
            assert one.scores_S == near(expected(layout))
            assert one.usage.prompt == one.usage.computed == len(layout.ids_T)
    # Were the scores all alike, any position would do.
    values = [score for one in ours for score in one.scores_S]
    assert max(values) - min(values) > 0.2


@pytest.mark.parametrize("kind", KINDS)
def test_step_by_step_equals_one_pass_and_reads_each_token_once(
    kind: Kind, folders: dict[Kind, Folder]
) -> None:
    whole = problems(6, seed=1)
    growing = [
        [(problem, Path((0,), each.steps_S[:count])) for problem, each in whole if count <= len(each.steps_S)]
        for count in range(1, 7)
    ]
    [at_once] = scored(scorer(kind, folders[kind]), whole)
    replies = scored(scorer(kind, folders[kind]), *growing)
    read = {problem: 0 for problem, _ in whole}
    last = {}
    for batch, reply in zip(growing, replies, strict=True):
        for (problem, _), one in zip(batch, reply, strict=True):
            assert one.usage.cached == read[problem]
            read[problem] += one.usage.computed
            last[problem] = one
    for (problem, _), one in zip(whole, at_once, strict=True):
        assert last[problem].scores_S == near(one.scores_S)
        assert read[problem] == one.usage.computed


@pytest.mark.parametrize("kind", KINDS)
def test_a_mixed_batch_equals_one_at_a_time(kind: Kind, folders: dict[Kind, Folder]) -> None:
    batch = problems(32, seed=2)
    known = [(problem, Path((0,), each.steps_S[:1])) for problem, each in batch[::2]]
    singles = [
        one for [one] in scored(scorer(kind, folders[kind], cache_bytes=0), *([each] for each in batch))
    ]
    # Half of the paths come with a past, so that rows with and without one share a batch.
    _, together = scored(scorer(kind, folders[kind]), known, batch)
    _, small = scored(scorer(kind, folders[kind], batch_tokens=400), known, batch)
    assert any(one.usage.cached for one in together)
    assert not any(one.usage.cached for one in singles)
    for one, two, three in zip(singles, together, small, strict=True):
        assert two.scores_S == near(one.scores_S)
        assert three.scores_S == near(one.scores_S)


@pytest.mark.parametrize("kind", KINDS)
def test_a_thousand_hostile_problems_get_a_score_a_step(kind: Kind, folders: dict[Kind, Folder]) -> None:
    chance = random.Random(3)
    batch = [
        (hostile(chance), path(*(hostile(chance) for _ in range(chance.randrange(6))))) for _ in range(1_000)
    ]
    [ours] = scored(scorer(kind, folders[kind]), batch)
    for (_, each), one in zip(batch, ours, strict=True):
        assert len(one.scores_S) == len(each.steps_S)
        assert all(0 <= score <= 1 for score in one.scores_S)


def test_a_tied_head_is_the_embedding(tmp_path: Folder) -> None:
    folder = save_model("rlhflow", tmp_path, vocab=SIZE, tie_word_embeddings=True)
    assert "lm_head.weight" not in safetensors.load_file(folder / "model.safetensors")
    [problem, each] = problems(1)[0]
    [[one]] = scored(scorer("rlhflow", folder), [(problem, each)])
    with torch.inference_mode():
        layout = tiny("rlhflow")[0].layout(problem, [step.text for step in each.steps_S])
        assert one.scores_S == near(plain("rlhflow", folder)(layout))


def test_what_was_scored_costs_nothing_again(folders: dict[Kind, Folder]) -> None:
    batch = problems(4)
    first, again = scored(scorer("skywork", folders["skywork"]), batch, batch)
    assert [one.scores_S for one in again] == [one.scores_S for one in first]
    assert [one.usage.computed for one in again] == [0] * 4


def test_the_price_is_never_less_than_the_cost(folders: dict[Kind, Folder]) -> None:
    async def main() -> None:
        async with scorer("rlhflow", folders["rlhflow"]) as one:
            batch = problems(20)
            for (problem, each), reply in zip(batch, await one.score(batch), strict=True):
                assert one.price(problem, each) == reply.usage.computed

    asyncio.run(main())


def test_a_path_beyond_the_context_fails_alone(tmp_path: Folder) -> None:
    folder = save_model("skywork", tmp_path, vocab=SIZE, context=64)
    short, long = ("q", path("a", "b")), ("q", path("a", "b" * 100))
    [[one, two, three]] = scored(scorer("skywork", folder), [short, long, short])
    assert len(one.scores_S) == len(three.scores_S) == 2
    assert isinstance(two, ScorerError)
    assert "context of 64" in str(two)


def test_the_event_loop_runs_while_the_model_does(folders: dict[Kind, Folder]) -> None:
    async def main() -> None:
        async with scorer("rlhflow", folders["rlhflow"], batch_tokens=1_000) as one:
            scoring = asyncio.create_task(asyncio.wait_for(one.score(problems(64)), 60))
            ticks = 0
            while not scoring.done():
                await asyncio.sleep(0.001)
                ticks += 1
            assert ticks > 10
            assert len(await scoring) == 64

    asyncio.run(main())


def test_a_cancelled_batch_stops_and_the_next_is_scored(folders: dict[Kind, Folder]) -> None:
    async def main() -> None:
        async with scorer("skywork", folders["skywork"], batch_tokens=200) as one:
            scoring = asyncio.create_task(asyncio.wait_for(one.score(problems(400)), 60))
            await asyncio.sleep(0.01)
            scoring.cancel()
            with pytest.raises(asyncio.CancelledError):
                await scoring
            [found] = await one.score(problems(1, seed=9))
            assert found.scores_S

    asyncio.run(main())
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("prm")]


def test_scores_that_are_no_numbers_are_an_error(folders: dict[Kind, Folder], tmp_path: Folder) -> None:
    folder = Folder(shutil.copytree(folders["skywork"], tmp_path / folders["skywork"].name))
    state = safetensors.load_file(folder / "model.safetensors")
    state["v_head.summary.bias"] = torch.tensor([float("nan")])
    safetensors.save_file(state, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(ScorerError, match="nan"):
        scored(scorer("skywork", folder), problems(1))


def test_only_safetensors_are_loaded(folders: dict[Kind, Folder], tmp_path: Folder) -> None:
    folder = Folder(shutil.copytree(folders["skywork"], tmp_path / folders["skywork"].name))
    torch.save(safetensors.load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    with pytest.raises(InputError, match="safetensors"):
        scored(scorer("skywork", folder), [])


def test_code_that_comes_with_weights_is_not_run(folders: dict[Kind, Folder], tmp_path: Folder) -> None:
    folder = Folder(shutil.copytree(folders["qwen-math"], tmp_path / folders["qwen-math"].name))
    config = json.loads((folder / "config.json").read_bytes())
    config["auto_map"] = {"AutoModel": "modeling.Model", "AutoConfig": "modeling.Config"}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "modeling.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    [[one]] = scored(scorer("qwen-math", folder), problems(1))
    assert one.scores_S
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("lost", ["v_head.summary.weight", "model.layers.1.mlp.up_proj.weight"])
def test_lost_weights_are_not_made_up(lost: str, folders: dict[Kind, Folder], tmp_path: Folder) -> None:
    folder = Folder(shutil.copytree(folders["skywork"], tmp_path / folders["skywork"].name))
    state = safetensors.load_file(folder / "model.safetensors")
    del state[lost]
    safetensors.save_file(state, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(InputError, match=lost.removeprefix("model.")):
        scored(scorer("skywork", folder), [])


def test_weights_under_the_name_of_a_wrapper(folders: dict[Kind, Folder], tmp_path: Folder) -> None:
    folder = Folder(shutil.copytree(folders["skywork"], tmp_path / folders["skywork"].name))
    state = safetensors.load_file(folder / "model.safetensors")
    state = {name if "v_head" in name else f"pretrained_model.{name}": state[name] for name in state}
    safetensors.save_file(state, folder / "model.safetensors", {"format": "pt"})
    [ours], [plain] = (scored(scorer("skywork", each), problems(2)) for each in (folder, folders["skywork"]))
    assert [one.scores_S for one in ours] == [near(one.scores_S) for one in plain]
