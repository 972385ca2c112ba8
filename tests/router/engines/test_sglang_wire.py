"""What goes over the wire to SGLang, and how a reply becomes steps."""

from __future__ import annotations

import sys
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compute_router.engines.base import Request
from compute_router.engines.sglang import wire
from compute_router.engines.tokenizer import from_transformers
from compute_router.errors import EngineError

STEP = Request((1, 2), (3,), 7, "step", 50, 0.7)
END = replace(STEP, until="end")


def reply(text: str, alone_T: list[str], *, reason: dict[str, Any] | None = None) -> dict[str, Any]:
    n = len(alone_T)
    return {
        "text": text,
        "output_ids": list(range(n)),
        "meta_info": {
            "id": "r",
            "finish_reason": reason or {"type": "stop", "matched": 2},
            "prompt_tokens": 3,
            "cached_tokens": 2,
            "completion_tokens": n,
            "output_token_logprobs": [[-0.5, i, alone] for i, alone in enumerate(alone_T)],
        },
    }


def test_ids_and_not_text_are_sent_and_siblings_differ_in_their_seeds() -> None:
    requests = [STEP, replace(STEP, seed=8), replace(STEP, path_T=(3, 4))]
    call = orjson.loads(wire.body(["a", "b", "c"], requests, logprobs=False))
    assert call["input_ids"] == [[1, 2, 3], [1, 2, 3], [1, 2, 3, 4]]
    assert call["rid"] == ["a", "b", "c"]
    assert [sampling["sampling_seed"] for sampling in call["sampling_params"]] == [7, 8, 7]
    assert {"text", "n", "return_logprob"}.isdisjoint(call)


def test_a_step_stops_at_a_blank_line_that_stays_and_a_path_does_not() -> None:
    step, end = (
        orjson.loads(wire.body(["a"], [request], logprobs=True))["sampling_params"][0]
        for request in (STEP, END)
    )
    assert (step["stop"], step["no_stop_trim"]) == ("\n\n", True)
    assert "stop" not in end


def test_only_new_tokens_get_log_probabilities() -> None:
    """A start before the end of the prompt would cap the cached prefix there."""
    assert orjson.loads(wire.body(["a"], [STEP], logprobs=True))["logprob_start_len"] == -1


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ({"type": "stop", "matched": "\n\n"}, "open"),
        ({"type": "stop", "matched": 151645}, "stop"),
        ({"type": "stop"}, "stop"),
        ({"type": "length", "length": 50}, "length"),
    ],
)
def test_how_a_step_ended(reason: dict[str, Any], finish: str) -> None:
    found = wire.extension(STEP, reply("a\n\n", ["a", "\n\n"], reason=reason), cut=True)
    assert found.finish == finish
    assert len(found.steps_S) == 1


@pytest.mark.parametrize(
    ("reason", "retryable"),
    [
        ({"type": "abort", "message": "?"}, True),
        ({"type": "abort", "message": "full", "status_code": 503}, True),
        ({"type": "abort", "message": "bad", "status_code": 400}, False),
        ({"type": "whim"}, True),
    ],
)
def test_an_abort_that_nobody_asked_for_is_an_error(reason: dict[str, Any], retryable: bool) -> None:
    with pytest.raises(EngineError) as error:
        wire.extension(STEP, reply("a", ["a"], reason=reason), cut=False)
    assert error.value.retryable is retryable


def test_a_log_probability_that_is_null_is_an_error() -> None:
    broken = reply("a", ["a"])
    broken["meta_info"]["output_token_logprobs"] = [[None, 0, "a"]]
    with pytest.raises(EngineError, match="no number"):
        wire.extension(STEP, broken, cut=False)


@given(st.lists(st.sampled_from([" a", "b", ".", "\n", "\n\n", ".\n\n", ".\n\n1", "", "é"]), min_size=1))
def test_steps_of_a_path_are_those_of_its_tokens(alone_T: list[str]) -> None:
    """Whole tokens decode to their part of the text: then steps are as if texts had been cut."""
    text = "".join(alone_T)
    steps_S = wire.extension(END, reply(text, alone_T), cut=False).steps_S
    assert "".join(step.text for step in steps_S) == text
    assert [token for step in steps_S for token in step.tokens_T] == list(range(len(alone_T)))
    for step in steps_S:
        assert "".join(alone_T[token] for token in step.tokens_T) == step.text or step is steps_S[-1]


def test_tokens_that_decode_differently_alone_do_not_move_the_cut() -> None:
    """Half characters, and the space that some tokenizers lose at the start of a lone token."""
    alone_T = ["one", "\ufffd", "\ufffd", "\n", "\n", "two", "end"]
    steps_S = wire.extension(END, reply("one é\n\ntwo end", alone_T), cut=False).steps_S
    assert [(step.text, tuple(step.tokens_T)) for step in steps_S] == [
        ("one é\n\n", (0, 1, 2, 3, 4)),
        ("two end", (5, 6)),
    ]


class FakeTokenizer:
    """Characters are tokens; "<" ">" in plain text are words, in a template controls."""

    template = "<s>{}<e>"

    @classmethod
    def from_pretrained(cls, path: str) -> FakeTokenizer:
        if path == "nowhere":
            raise OSError("no such folder")
        return cls()

    def apply_chat_template(self, messages: Any, *, tokenize: bool, add_generation_prompt: bool) -> str:
        assert (tokenize, add_generation_prompt) == (False, True)
        return self.template.format(messages[-1]["content"])

    def encode(self, text: str, *, add_special_tokens: bool, split_special_tokens: bool) -> list[int]:
        assert not add_special_tokens
        if not split_special_tokens:
            text = text.replace("<s>", "\x01").replace("<e>", "\x02")
        return list(map(ord, text))


@pytest.fixture
def transformers(monkeypatch: pytest.MonkeyPatch) -> None:
    module: Any = SimpleNamespace(AutoTokenizer=FakeTokenizer)
    monkeypatch.setitem(sys.modules, "transformers", module)


@pytest.mark.usefixtures("transformers")
def test_control_tokens_are_recognised_in_the_template_alone() -> None:
    read = from_transformers("here")
    assert list(read("a<e>", "")) == [1, *map(ord, "a<e>"), 2]
    assert list(read("a", "b<s>")) == [1, ord("a"), 2, *map(ord, "b<s>")]


@pytest.mark.usefixtures("transformers")
def test_a_tokenizer_that_does_not_load_or_drops_the_problem_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(EngineError, match="nowhere does not load"):
        from_transformers("nowhere")
    monkeypatch.setattr(FakeTokenizer, "template", "<s>")
    with pytest.raises(EngineError, match="drops the user's message"):
        from_transformers("here")
