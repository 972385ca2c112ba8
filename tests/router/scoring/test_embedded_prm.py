"""The embedded PRM: its scores, and files that are believed only where they are whole."""

from __future__ import annotations

import asyncio
import json
import math
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path as File
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compute_router.difficulty import ModelFileError, names
from compute_router.difficulty.manifest import Provenance, sha256
from compute_router.factory import Settings, build
from compute_router.io import data_files
from compute_router.io.run_config import run_config
from compute_router.policies import Path, Step, make
from compute_router.problem import Problem
from compute_router.scoring import EmbeddedPrm, Scored, checked, make_scorer
from compute_router.scoring.arithmetic import FEATURES
from compute_router.scoring.embedded_file import read, read_manifest, shipped, write
from compute_router.scoring.linear import Linear, Weights
from compute_router.solve_options import SolveOptions

WEIGHTS = Weights(
    Linear(0.2, (0.5,) * len(FEATURES), tuple((-1.0) ** at for at in range(len(FEATURES)))),
    Linear(-1.0, (0.1,) * len(FEATURES), tuple(0.3 * at - 2 for at in range(len(FEATURES)))),
)

PATHS = st.lists(
    st.builds(
        lambda text, n, logprob: Step(text, (0,) * n, (logprob,) * n),
        st.text(max_size=20) | st.sampled_from(["3 + 4 = 8", "so \\boxed{7}", "#### 3"]),
        st.integers(0, 3),
        st.floats(-50, 0) | st.just(-math.inf),
    ),
    min_size=1,
    max_size=4,
).map(lambda steps: Path((0,), tuple(steps)))


def score(batch: Sequence[tuple[str, Path]], weights: Weights | File = WEIGHTS) -> list[Scored]:
    async def main() -> list[Scored]:
        async with EmbeddedPrm(weights) as prm:
            return list(await prm.score(batch))

    return asyncio.run(main())


@given(st.lists(st.tuples(st.text(max_size=20) | st.just("Compute 3 + 4."), PATHS), max_size=4))
def test_one_probability_a_step_alone_as_in_a_batch(batch: list[tuple[str, Path]]) -> None:
    scored = score(batch)
    for one, (problem, path) in zip(scored, batch, strict=True):
        assert checked(path, one).usage.computed == 0
        assert score([(problem, path)]) == [one]


@given(PATHS)
def test_a_score_does_not_depend_on_later_steps(path: Path) -> None:
    [whole] = score([("Compute 3 + 4.", path)])
    for cut in range(1, len(path.steps_S)):
        assert score([("Compute 3 + 4.", Path((0,), path.steps_S[:cut]))])[0].scores_S == whole.scores_S[:cut]


def test_other_tasks_have_their_turn_in_a_large_batch() -> None:
    turns = []

    async def other() -> None:
        while True:
            turns.append(1)
            await asyncio.sleep(0)

    async def main() -> None:
        beside = asyncio.create_task(other())
        await EmbeddedPrm(WEIGHTS).score([("", Path((0,), (Step("a"),)))] * 500)
        beside.cancel()

    asyncio.run(main())
    assert len(turns) > 10


def test_open_and_answered_paths_have_weights_of_their_own() -> None:
    none = (0.0,) * len(FEATURES)
    weights = Weights(Linear(-2.0, none, none), Linear(2.0, none, none))
    steps = (Step("Let us see.\n\n"), Step("\\boxed{3}\n\n"), Step("Done."))
    [scored] = score([("", Path((0,), steps))], weights)
    assert scored.scores_S == pytest.approx((0.1192, 0.8808, 0.8808), abs=1e-4)


def test_what_is_unknown_stands_for_its_centre() -> None:
    linear = Linear(0.5, (1.0, 2.0), (3.0, -1.0))
    assert linear((math.nan, 2.0)) == linear((1.0, math.nan)) == linear((1.0, 2.0))
    assert Linear(0.0, (0.0,), (1e6,))((-1e6,)) == 0.0
    assert Linear(0.0, (0.0,), (1e6,))((1e6,)) == 1.0


def test_it_is_no_baseline_and_costs_nothing() -> None:
    prm = make_scorer("arithmetic-checker")
    assert (prm.name, prm.params, prm.is_baseline) == ("arithmetic-checker", 0, False)
    assert prm.price("a problem", Path((0,), (Step("a"),))) == 0


def saved(folder: File) -> File:
    write(
        folder,
        WEIGHTS,
        Provenance(command="by hand", seed=0, data=[]),
        problems=3,
        paths=24,
        policy_models=["a model"],
        libraries={},
    )
    return folder


def test_files_give_back_what_was_written(tmp_path: File) -> None:
    assert read(saved(tmp_path)) == WEIGHTS
    assert read(saved(tmp_path)) == WEIGHTS  # over an earlier one
    assert sorted(file.name for file in tmp_path.iterdir()) == ["manifest.json", "prm.json"]
    path = Path((0,), (Step("3 + 4 = 7"), Step("\\boxed{7}")))
    assert score([("", path)], tmp_path) == score([("", path)])


def changed(name: str, change: Callable[[Any], None], *, signed: bool) -> Callable[[File], None]:
    def damage(folder: File) -> None:
        document = json.loads((folder / name).read_text())
        change(document)
        (folder / name).write_text(json.dumps(document))
        if signed:
            data = (folder / name).read_bytes()
            manifest = json.loads((folder / "manifest.json").read_text())
            manifest |= {"sha256": sha256(data), "bytes": len(data)}
            (folder / "manifest.json").write_text(json.dumps(manifest))

    return damage


DAMAGE: list[tuple[Callable[[File], object], str]] = [
    (lambda folder: (folder / "manifest.json").unlink(), "No embedded PRM at .*train it again"),
    (lambda folder: (folder / "manifest.json").write_text("{"), "is no PRM's manifest"),
    (lambda folder: (folder / "prm.json").unlink(), r"prm\.json is missing"),
    (lambda folder: (folder / "prm.json").write_bytes(b""), "not the file that its manifest names"),
    (lambda folder: (folder / "prm.json").write_bytes(b" " * 2**21), "is larger than"),
    (changed("manifest.json", lambda d: d.update(evidence=99), signed=False), "version 99 of the evidence"),
    (changed("manifest.json", lambda d: d.update(file="../prm.json"), signed=False), "manifest .file"),
    (changed("prm.json", lambda d: d["open"].update(intercept=0.3), signed=False), "not the file that its"),
    (changed("prm.json", lambda d: d["open"].update(intercept=math.nan), signed=True), "no embedded PRM"),
    (changed("prm.json", lambda d: d["open"]["weights"].update(wrong=1e300), signed=True), "no embedded PRM"),
    (changed("prm.json", lambda d: d["open"]["weights"].pop("wrong"), signed=True), "its features are not"),
    (
        changed("prm.json", lambda d: d["answered"]["centres"].update(x=1), signed=True),
        "its features are not",
    ),
    (changed("prm.json", lambda d: d.pop("answered"), signed=True), "no embedded PRM .answered"),
    (changed("prm.json", lambda d: d.update(schema_version=2), signed=True), "schema_version"),
]


@pytest.mark.parametrize(("damage", "says"), DAMAGE)
def test_damage_is_found(tmp_path: File, damage: Callable[[File], object], says: str) -> None:
    damage(saved(tmp_path))
    with pytest.raises(ModelFileError, match=says):
        score([("", Path((0,), (Step("a"),)))], tmp_path)


def test_an_installation_without_one_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: File) -> None:
    monkeypatch.setattr("compute_router.io.data_files._FOLDERS", (tmp_path,))
    with pytest.raises(ModelFileError, match=r"has no embedded PRM .*train-prm"):
        shipped()


def test_it_imports_neither_torch_nor_scikit_learn() -> None:
    code = (
        "import sys, compute_router.scoring; sys.exit(bool({'torch', 'sklearn', 'scipy'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_run_is_of_its_weights(tmp_path: File) -> None:
    """A PRM of one's own is a directory; with other weights a run is another run."""
    provenance = Provenance(command="a test", seed=0, data=[])
    found = []
    for at, weights in enumerate((WEIGHTS, Weights(WEIGHTS.answered, WEIGHTS.open))):
        folder = tmp_path / str(at)
        write(folder, weights, provenance, problems=1, paths=8, policy_models=["a test"], libraries={})
        settings = Settings(engine="scripted", prm=str(folder))
        with build(settings) as router:
            config = run_config(router, settings, [], SolveOptions())
            problem = Problem("p", "Compute 3 + 4.", "7")
            [result] = router.solve_many([problem], SolveOptions(strategy=make("best_of_n:n=2")))
            after = run_config(router, settings, [], SolveOptions())
        assert after == config, "a run that goes on after a score is another run"
        assert config["prm"]["name"] == "arithmetic-checker"
        assert result.error is None
        found.append(config["prm"]["sha256"])
    assert None not in found
    assert found[0] != found[1]


def test_a_policy_model_has_the_shipped_prm_that_was_trained_on_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: File
) -> None:
    settings = Settings(engine="scripted", prm="arithmetic-checker")
    with build(settings) as router:
        model = router.engine.model.name
        first = run_config(router, settings, [], SolveOptions())["prm"]
    own = saved(tmp_path / "prm" / names.base(model))
    monkeypatch.setattr("compute_router.io.data_files._FOLDERS", (tmp_path, *data_files._FOLDERS))
    assert shipped(f"somebody/{model.upper()}-Q4_K_M.gguf") == own
    assert shipped("another model") == shipped() != own
    with build(settings) as router:
        then = run_config(router, settings, [], SolveOptions())["prm"]
    assert first["sha256"] == sha256((shipped() / "prm.json").read_bytes())
    assert then["sha256"] == sha256((own / "prm.json").read_bytes())


SUM = "Compute 27 + 45 - 13."
DERIVED = "27 + 45 = 72|72 - 13 = 59|\\boxed{59}"


@pytest.mark.parametrize(
    "wrong",
    [
        "27 + 45 = 62|62 - 13 = 49|\\boxed{49}",  # a wrong calculation
        "27 + 45 = 72|72 + 13 = 85|\\boxed{85}",  # a wrong sign
        "27 + 45 = 72|\\boxed{72}",  # a number left out
        "27 + 45 = 72|72 - 13 = 59|\\boxed{60}",  # an answer from nowhere
    ],
)
def test_the_shipped_one_is_surer_of_a_right_derivation(wrong: str) -> None:
    def last(text: str) -> float:
        steps = tuple(Step(f"{part}\n\n", (1,) * 12, (-0.1,) * 12) for part in text.split("|"))
        [scored] = asyncio.run(EmbeddedPrm().score([(SUM, Path((0,), steps))]))
        return scored.scores_S[-1]

    assert last(DERIVED) > 0.8
    assert last(wrong) < last(DERIVED) - 0.3, last(wrong)


def test_the_shipped_one_is_the_default_of_the_embedded_models_alone() -> None:
    assert Settings().scores == "arithmetic-checker"
    assert Settings(engine="replay").scores == "arithmetic-checker"
    assert Settings(engine="sglang").scores == Settings(engine="scripted").scores == "logprob-baseline"
    assert Settings(prm="logprob-baseline").scores == "logprob-baseline"


@pytest.mark.parametrize("size", ["0.5B", "1.5B"])
def test_the_shipped_ones_are_the_files_that_their_manifests_name(size: str) -> None:
    model = f"Qwen2.5-Coder-{size}-Instruct"
    manifest = read_manifest(shipped(model))
    assert sha256((shipped(model) / "prm.json").read_bytes()) == manifest.sha256
    assert manifest.policy_models == [model]
