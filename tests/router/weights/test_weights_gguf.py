"""GGUF headers: what they say, and that no file, however made, does more than raise WeightsError."""

from __future__ import annotations

import contextlib
import os
import struct
import time
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from weights_kit import entry, gguf, string, strings, tensor

from compute_router.errors import WeightsError
from compute_router.weights import GgufHeader, read_header

VALID = gguf()


def test_a_header_says_what_the_model_is(tmp_path: Path) -> None:
    file = tmp_path / "m.gguf"
    file.write_bytes(VALID)
    assert read_header(file) == GgufHeader(
        name="Tiny Chat",
        architecture="tiny",
        parameters=14,
        lookup_parameters=8,
        context_length=512,
        file_type="Q4_K_M",
        has_chat_template=True,
    )


def test_what_a_header_does_not_say_is_none(tmp_path: Path) -> None:
    file = tmp_path / "m.gguf"
    odd = [
        entry("general.name", 4, struct.pack("<I", 7)),
        entry("general.file_type", 4, struct.pack("<I", 999)),
    ]
    file.write_bytes(gguf(entries=odd, tensors=[tensor("token_embd.weight", (3, 5), 0)]))
    header = read_header(file)
    assert (header.name, header.architecture, header.context_length) == (None, None, None)
    assert (header.parameters, header.lookup_parameters) == (15, 0), "a tied embedding is multiplied"
    assert (header.file_type, header.has_chat_template) == ("type 999", False)


def test_every_kind_of_metadata_is_stepped_over(tmp_path: Path) -> None:
    kinds = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
    entries = [entry(f"x.{kind}", kind, struct.pack("<" + code, 1)) for kind, code in kinds.items()]
    entries += [
        entry(f"y.{kind}", 9, struct.pack(f"<IQ3{code}", kind, 3, 1, 1, 1)) for kind, code in kinds.items()
    ]
    entries += [strings("words", ["a", "", "ccc"]), entry("general.name", 8, string("behind them"))]
    file = tmp_path / "m.gguf"
    file.write_bytes(gguf(entries=entries))
    assert read_header(file).name == "behind them"


def test_any_cut_is_seen(tmp_path: Path) -> None:
    file = tmp_path / "m.gguf"
    file.write_bytes(VALID)
    for length in reversed(range(len(VALID) - 32)):  # from the start of the last tensor's data
        os.truncate(file, length)
        with pytest.raises(WeightsError, match=r"m\.gguf is (not a GGUF file|a damaged GGUF file)"):
            read_header(file)


HUGE = struct.pack("<Q", 2**63 + 5)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"GGUF" + struct.pack("<I", 1) + bytes(64), "version 1"),
        (b"GGUF" + struct.pack(">I", 3) + bytes(64), "version"),
        (b"GGUF" + struct.pack("<I", 3) + HUGE + bytes(64), "tensors"),
        (b"GGUF" + struct.pack("<IQ", 3, 0) + HUGE + bytes(64), "metadata entries"),
        (gguf(entries=[HUGE + b"key"]), "in its header"),
        (gguf(entries=[entry("k", 8, HUGE)]), "in its header"),
        (gguf(entries=[entry("k", 9, struct.pack("<I", 8) + HUGE)], data=bytes(10**6)), "in its header"),
        (gguf(entries=[entry("k", 9, struct.pack("<I", 12) + HUGE)]), "in its header"),
        (gguf(entries=[entry("k", 9, struct.pack("<IQ", 9, 1))]), "unknown type 9"),
        (gguf(entries=[entry("k", 13, bytes(8))]), "unknown type 13"),
        (gguf(entries=[entry("general.alignment", 4, bytes(4))]), "alignment is 0"),
        (gguf(tensors=[tensor("t", (1,) * 5, 0)]), "5 dimensions"),
        (gguf(tensors=[tensor("t", (1,), 2**63)]), "cut off before its last tensor"),
    ],
)
def test_a_crafted_header_costs_neither_time_nor_memory(tmp_path: Path, data: bytes, message: str) -> None:
    file = tmp_path / "m.gguf"
    file.write_bytes(data)
    tracemalloc.start()
    start = time.perf_counter()
    with pytest.raises(WeightsError, match=message):
        read_header(file)
    seconds, peak = time.perf_counter() - start, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert seconds < 5
    assert peak < 4_000_000


@settings(max_examples=300, deadline=2000, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    changes=st.lists(
        st.tuples(st.integers(0, len(VALID) - 1), st.binary(min_size=1, max_size=9)), min_size=1, max_size=6
    ),
    length=st.integers(0, len(VALID)),
)
def test_no_mutation_raises_anything_else(
    tmp_path: Path, changes: list[tuple[int, bytes]], length: int
) -> None:
    data = bytearray(VALID)
    for at, new in changes:
        data[at : at + len(new)] = new
    for content in (bytes(data), bytes(data[:length])):
        file = tmp_path / "m.gguf"
        file.write_bytes(content)
        with contextlib.suppress(WeightsError):
            assert read_header(file).parameters >= 0


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    for path in (tmp_path / "none.gguf", tmp_path):
        with pytest.raises(WeightsError, match=f"cannot read {path}"):
            read_header(path)
