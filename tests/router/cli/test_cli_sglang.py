"""--engine sglang: what is asked of the servers, and one clear error for each thing that is wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from router_kit import Cli

from compute_router.engines.sglang import identify, sized
from compute_router.errors import EngineError, InputError
from support.sglang_kit import make
from support.sglang_mock import SGLangMock, tokenize

NOWHERE = "http://127.0.0.1:1"


@pytest.fixture
def mock(monkeypatch: pytest.MonkeyPatch) -> Iterator[SGLangMock]:
    monkeypatch.setattr("compute_router.engines.sglang.engine.from_transformers", lambda path: tokenize)
    with SGLangMock().serving() as served:
        yield served


def sglang(*urls: str) -> tuple[str, ...]:
    return ("--engine", "sglang", *(word for url in urls for word in ("--engine-url", url)))


@pytest.fixture
def problems(tmp_path: Path) -> str:
    path = tmp_path / "in.jsonl"
    rows = ({"id": f"p{i}", "problem": f"Compute {i} + 1.", "answer": i + 1} for i in range(6))
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


@pytest.mark.parametrize("spec", ["greedy", "best_of_n:n=4", "beam:n=4,m=2", "dvts:n=4,m=2"])
def test_solve_over_a_server(cli: Cli, mock: SGLangMock, problems: str, spec: str) -> None:
    ran = cli("solve", problems, *sglang(mock.url), "--strategy", spec, "--json")
    assert (ran.code, ran.err) == (0, "")
    assert [row["error"] for row in ran.document["results"]] == [None] * 6
    assert all(row["ledger"]["policy"]["generated_tokens"] > 0 for row in ran.document["results"])
    assert mock.live == 0


def test_several_servers_share_the_problems(cli: Cli, mock: SGLangMock, problems: str) -> None:
    with SGLangMock().serving() as other:
        ran = cli("solve", problems, *sglang(mock.url, other.url), "--strategy", "majority:n=4", "--json")
        assert ran.code == 0
        assert len(mock.calls) > 0
        assert len(other.calls) > 0


def test_a_run_goes_on_at_another_address_of_the_same_model(
    cli: Cli, mock: SGLangMock, problems: str, tmp_path: Path
) -> None:
    out = str(tmp_path / "run")
    first = cli("solve", problems, *sglang(mock.url), "--strategy", "greedy", "--out", out, "--json")
    with SGLangMock().serving() as other:
        again = cli("solve", problems, *sglang(other.url), "--strategy", "greedy", "--out", out, "--json")
        assert other.calls == []
    assert (first.code, again.code) == (0, 0)
    assert first.document["results"] == again.document["results"]


def test_sweep_over_a_server_and_its_command(
    cli: Cli, mock: SGLangMock, problems: str, tmp_path: Path
) -> None:
    arms, out = tmp_path / "arms.txt", tmp_path / "sweep"
    arms.write_text("majority:n=2\n")
    ran = cli("sweep", problems, "--arms", str(arms), "--out", str(out), *sglang(mock.url))
    assert (ran.code, ran.err) == (0, "")
    assert f"--engine-url {mock.url}" in "".join(
        path.read_text() for path in out.rglob("*") if path.is_file()
    )


def test_route_asks_the_server_who_it_is_or_takes_the_name_alone(
    cli: Cli, mock: SGLangMock, problems: str
) -> None:
    asked = cli("route", problems, *sglang(mock.url), "--json")
    named = cli("route", problems, *sglang(), "--policy-model", "someone/Mock-1B", "--json")
    assert (asked.code, named.code) == (0, 0)
    assert asked.document == named.document
    assert mock.calls == []


def test_doctor_looks_at_the_servers(cli: Cli, mock: SGLangMock) -> None:
    ran = cli("doctor", "--engine-url", mock.url, "--engine-url", NOWHERE, "--prm-url", mock.url, "--json")
    found = [(row["what"], row["state"]) for row in ran.document["findings"]]
    assert ran.code == 2
    assert [state for what, state in found if what == "engine"] == ["ok", "broken"]
    assert ("prm server", "ok") in found
    assert "weights" not in dict(found)


WRONG = {
    "no URL": (("--engine", "sglang"), "--engine sglang needs --engine-url"),
    "a URL of no engine": (
        ("--engine-url", NOWHERE),
        "--engine-url is for --engine sglang, not --engine embedded",
    ),
    "nobody there": (sglang(NOWHERE), f"no server answers at {NOWHERE}"),
    "no URL at all": (sglang("localhost"), "'localhost' is no address of a server"),
    "a PRM's URL without a PRM": (
        (*sglang(NOWHERE), "--prm-url", NOWHERE),
        "--prm-url is the address of a PRM: say which one with --prm",
    ),
}


@pytest.mark.parametrize("command", ["solve", "route"])
@pytest.mark.parametrize("wrong", WRONG)
def test_one_clear_error(cli: Cli, command: str, wrong: str) -> None:
    options, message = WRONG[wrong]
    ran = cli(command, "Compute 1 + 1.", *options)
    assert ran.code == 2
    assert ran.out == ""
    assert ran.err.startswith("compute-router: error: ")
    assert message in ran.err
    assert len(ran.err.splitlines()) == 1


def test_another_model_behind_the_url_is_one_clear_error(cli: Cli, mock: SGLangMock) -> None:
    for model in ("Mock-7B", "Qwen2.5-Coder-0.5B-Instruct", "0.5b"):
        ran = cli("solve", "Compute 1 + 1.", *sglang(mock.url), "--policy-model", model)
        assert ran.code == 2
        assert ran.err.startswith("compute-router: error: the server serves /models/Mock-1B, not ")
        assert len(ran.err.splitlines()) == 1


def test_servers_of_two_models_are_one_clear_error(cli: Cli, mock: SGLangMock) -> None:
    with SGLangMock(model_path="/models/Other-1B").serving() as other:
        ran = cli("solve", "Compute 1 + 1.", *sglang(mock.url, other.url))
    assert ran.code == 2
    assert "/models/Other-1B, not Mock-1B" in ran.err


def test_a_server_that_writes_no_text_is_no_policy_model(cli: Cli, mock: SGLangMock) -> None:
    mock.model["is_generation"] = False
    ran = cli("solve", "Compute 1 + 1.", *sglang(mock.url))
    assert ran.code == 2
    assert "writes no text" in ran.err
    assert len(ran.err.splitlines()) == 1


def test_no_more_paths_are_kept_going_than_the_server_runs() -> None:
    for states, slots in (([64], 64), ([64, 64], 128), ([4096], 512), ([], 512), ([None], 512)):
        with SGLangMock().serving() as mock:
            mock.info["internal_states"] = [{"effective_max_running_requests_per_dp": n} for n in states]
            assert make(mock).slots == slots


# --- how large is it?


@pytest.mark.parametrize(
    ("asked", "path", "found"),
    [
        (None, "/models/Mock-1B", ("Mock-1B", 10**9)),
        (None, "Qwen/Qwen2.5-Coder-0.5B-Instruct", ("Qwen2.5-Coder-0.5B-Instruct", 494_032_768)),
        ("0.5b", "Qwen/Qwen2.5-Coder-0.5B-Instruct", ("Qwen2.5-Coder-0.5B-Instruct", 494_032_768)),
        ("me/Big-72b-it", "/somewhere/Big-72b-it", ("Big-72b-it", 72 * 10**9)),
    ],
)
def test_a_name_tells_the_size(asked: str | None, path: str, found: tuple[str, int]) -> None:
    with SGLangMock(model_path=path).serving() as mock:
        assert sized(asked, identify(mock.url)) == found


def test_the_name_it_was_started_under_comes_first() -> None:
    with SGLangMock(model_path="/models/snapshots/0fe1a2").serving() as mock:
        mock.info["served_model_name"] = "Math-3B"
        assert sized(None, identify(mock.url)) == ("Math-3B", 3 * 10**9)


def test_a_folder_on_this_machine_is_counted(tmp_path: Path) -> None:
    folder = tmp_path / "finetune"
    folder.mkdir()
    shapes = {"model.embed_tokens.weight": [10, 4], "lm_head.weight": [10, 4], "model.norm.weight": [4]}
    header = json.dumps({name: {"dtype": "F32", "shape": shape} for name, shape in shapes.items()}).encode()
    (folder / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header)
    with SGLangMock(model_path=str(folder)).serving() as mock:
        assert sized(None, identify(mock.url)) == ("finetune", 44)
        assert sized("finetune", identify(mock.url)) == ("finetune", 44)
        with pytest.raises(EngineError, match="not other"):
            sized("other", identify(mock.url))


@pytest.mark.parametrize(
    "content", [b"", b"\xff" * 8, b"\x02" + b"\0" * 7 + b"[]", b"\x08" + b"\0" * 7 + b'{"a":{}}']
)
def test_a_size_that_nothing_tells_is_one_clear_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "model.safetensors").write_bytes(content)
    wants = pytest.raises(InputError, match=r"the size of .* is not known: .*--served-model-name")
    with SGLangMock(model_path=str(tmp_path)).serving() as mock, wants:
        sized(None, identify(mock.url))
