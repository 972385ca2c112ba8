"""A PRM's weights in this process: a transformers backbone, and its head built from the tensors by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from compute_router.errors import InputError
from compute_router.scoring.families.base import Readout, TokenPair
from compute_router.scoring.known_prms import Prm
from compute_router.scoring.local_batch import Row

__all__ = ["LocalModel", "weights_folder"]

FILES = ["*.json", "*.safetensors", "*.model"]
"""What is fetched of a hub repository: configuration, tokenizer and weights, no code and no pickles."""


def weights_folder(name: str) -> Path:
    """The folder `name`, or where the hub's repository of that name was put. Raises InputError."""
    if Path(name).is_dir():
        return Path(name)
    hub: Any = import_module("huggingface_hub")
    try:
        return Path(hub.snapshot_download(name, allow_patterns=FILES))
    except Exception as error:  # the hub's client raises many kinds, its HTTP client's among them
        raise InputError(f"the PRM {name} could not be fetched: {error}") from error


class LocalModel:
    """fp32 on CPU, bf16 on CUDA. Blocking: belongs in a thread of its own. Raises InputError."""

    def __init__(self, folder: Path, prm: Prm, readout: Readout, device: str | None) -> None:
        try:
            self._torch: Any = import_module("torch")
            self._transformers: Any = import_module("transformers")
            tensors = _Tensors(folder, import_module("safetensors").safe_open)
        except ImportError as error:
            raise InputError(
                "a PRM in this process needs torch: pip install 'compute-router[sglang]'"
            ) from error
        self._device = device or ("cuda" if self._torch.cuda.is_available() else "cpu")
        try:
            with _hushed(self._transformers.logging):
                self._backbone, found = self._transformers.AutoModel.from_pretrained(
                    folder,
                    dtype=self._torch.bfloat16 if self._device.startswith("cuda") else self._torch.float32,
                    use_safetensors=True,
                    trust_remote_code=False,
                    key_mapping={"^pretrained_model\\.": ""},  # as TRL's value-head wrapper may save it
                    output_loading_info=True,
                )
            self._backbone.to(self._device).eval()
        except (OSError, ValueError, RuntimeError) as error:
            raise InputError(f"the PRM in {folder} does not load: {error}") from error
        if lacking := sorted(found["missing_keys"]):  # transformers would make them up
            raise InputError(f"the PRM in {folder} lacks the weights {', '.join(lacking[:3])}")
        self._head = self._build_head(prm, readout, tensors)

    def _build_head(self, prm: Prm, readout: Readout, tensors: _Tensors) -> Callable[[Any], Any]:
        """Hidden states [P, H] -> logits [P, labels], in fp32."""
        linear = self._torch.nn.functional.linear

        def layer(name: str) -> tuple[Any, Any]:
            weight, bias = (tensors.read(f"{name}.{part}") for part in ("weight", "bias"))
            if weight is None:
                raise InputError(f"the PRM's weights hold no {name}.weight")
            return self._f32(weight), None if bias is None else self._f32(bias)

        if isinstance(readout, TokenPair):
            # Of the whole vocabulary two rows are asked for; a tied head is the embedding.
            rows = tensors.read("lm_head.weight", [readout.good, readout.bad])
            if rows is None:
                embedding = self._backbone.get_input_embeddings().weight
                rows = embedding.detach()[[readout.good, readout.bad]]
            weight = self._f32(rows)
            return lambda hidden: linear(hidden, weight)
        if prm.head == "mlp":
            inner, outer = layer("score.0"), layer("score.2")
            return lambda hidden: linear(linear(hidden, *inner).relu(), *outer)
        only = layer("v_head.summary" if prm.head == "value" else "score")
        return lambda hidden: linear(hidden, *only)

    def _f32(self, tensor: Any) -> Any:
        return tensor.to(self._device, self._torch.float32)

    def read(self, rows: Sequence[Row]) -> list[tuple[list[tuple[float, ...]], tuple[tuple[Any, Any], ...]]]:
        """For each row the logits at each of its positions, and keys and values of all that was read."""
        torch = self._torch
        past, new = max(row.past for row in rows), max(len(row.ids_N) for row in rows)
        ids = torch.zeros((len(rows), new), dtype=torch.long)
        places = torch.zeros((len(rows), new), dtype=torch.long)
        mask = torch.zeros((len(rows), past + new), dtype=torch.long)
        # What is known stands right-aligned before what is new, which stands left-aligned.
        for at, row in enumerate(rows):
            ids[at, : len(row.ids_N)] = torch.tensor(row.ids_N)
            places[at] = torch.arange(row.past, row.past + new)
            mask[at, past - row.past : past + len(row.ids_N)] = 1
        with torch.inference_mode():
            cache = self._transformers.DynamicCache()
            if past:
                for layer, (keys, values) in enumerate(self._known(rows, past)):
                    cache.update(keys, values, layer)
            output = self._backbone(
                input_ids=ids.to(self._device),
                attention_mask=mask.to(self._device),
                position_ids=places.to(self._device),
                past_key_values=cache,
                use_cache=True,
            )
            who = [at for at, row in enumerate(rows) for _ in row.at_S]
            where = [position for row in rows for position in row.at_S]
            logits = iter(self._head(output.last_hidden_state[who, where].float()).tolist())
            kv = [(layer.keys, layer.values) for layer in output.past_key_values.layers]
            found = []
            for at, row in enumerate(rows):
                span = slice(past - row.past, past + len(row.ids_N))
                kept = tuple((keys[at, :, span].clone(), values[at, :, span].clone()) for keys, values in kv)
                found.append(([tuple(next(logits)) for _ in row.at_S], kept))
        return found

    def _known(self, rows: Sequence[Row], past: int) -> list[tuple[Any, Any]]:
        """Keys and values of each layer, [rows, heads, past, width], padded on the left."""
        torch = self._torch
        some = next(row.known for row in rows if row.known)

        def stack(layer: int, which: int) -> Any:
            like = some.kv_L[layer][which]
            whole = like.new_zeros((len(rows), like.shape[0], past, like.shape[2]))
            for at, row in enumerate(rows):
                if row.known:
                    whole[at, :, past - row.past :] = row.known.kv_L[layer][which]
            return whole

        with torch.inference_mode():
            return [(stack(layer, 0), stack(layer, 1)) for layer in range(len(some.kv_L))]


@contextmanager
def _hushed(logging: Any) -> Iterator[None]:
    """No progress bar, and no report of the head's tensors as left over: they are read here."""
    verbosity, bar = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bar:
            logging.enable_progress_bar()


class _Tensors:
    """Tensors by name, out of the folder's safetensors files."""

    def __init__(self, folder: Path, safe_open: Any) -> None:
        self._open = safe_open
        self._files: dict[str, Path] = {}
        for path in sorted(folder.glob("*.safetensors")):
            with safe_open(path, framework="pt") as file:
                self._files |= dict.fromkeys(file.keys(), path)
        if not self._files:
            raise InputError(f"{folder} holds no safetensors weights, and no others are loaded")

    def read(self, name: str, rows: list[int] | None = None) -> Any:
        """None where there is none of that name; only the `rows` asked for, if any."""
        if name not in self._files:
            return None
        with self._open(self._files[name], framework="pt") as file:
            return file.get_tensor(name) if rows is None else file.get_slice(name)[rows]
