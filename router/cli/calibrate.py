"""`compute-router calibrate`."""

from __future__ import annotations

import hashlib
import math
import sys
from dataclasses import replace
from pathlib import Path

import orjson
from rich.console import Console
from rich.text import Text

from compute_router.cli.exits import DONE
from compute_router.difficulty import Ability, PolicyModel, load, names, probe_file, store
from compute_router.difficulty import calibrate as place
from compute_router.difficulty.manifest import DataFile, Format, Provenance, read
from compute_router.errors import InputError
from compute_router.io.data_files import data_path
from compute_router.io.display import plain

__all__ = ["calibrate"]

_UNSURE = 0.5
"""Logits. What is known of a model from elsewhere holds for other prompts and another sampling."""


def calibrate(
    source: Path,
    policy_model: str,
    *,
    params: int | None,
    predictor: Path | None,
    out: Path,
    form: Format,
    trust: bool,
    as_json: bool,
) -> int:
    """Place a policy model by its graded answers, write the predictor that knows it to `out`, and return the
    exit code. Raises RouterError, ModelFileError."""
    from compute_router.training.difficulty.graded import RESULTS, read_graded

    if not policy_model.strip():
        raise InputError("the policy model needs a name")
    size = params or names.size(policy_model)
    if size is None:
        raise InputError(f"the name {policy_model!r} states no size: give --params, the number of parameters")
    model = PolicyModel(policy_model, size)
    base = predictor or data_path("difficulty/manifest.json").parent
    known, origin = load(base, trust=trust), read(base).provenance
    answers = read_graded(source, policy_model)
    before = known.abilities.of(model)
    texts, n = [one.problem for one in answers], [one.n for one in answers]
    right = [one.n_correct for one in answers]
    prior = replace(before, sd=max(before.sd, _UNSURE))
    ability = place(known.text.estimates(texts), right, n, prior, known.discrimination)
    after = known.with_ability(policy_model, ability)
    expected = [one.distribution.pass_at_1 for one in after.predict(texts, model)]

    file = source / RESULTS if source.is_dir() else source
    data = DataFile(name=source.name, sha256=hashlib.sha256(file.read_bytes()).hexdigest(), rows=len(answers))
    command = f"compute-router calibrate {source.name} --policy-model {policy_model} --params {size}"
    provenance = Provenance(
        command=f"{origin.command}; {command}", seed=origin.seed, data=[*origin.data, data]
    )
    probe = probe_file.read(base)
    try:
        written = store.save(after, out, provenance, form=form)
        if probe is not None:
            probe_file.write(out, probe.fitted, probe.problems, probe.provenance)
    except OSError as error:
        raise InputError(f"{out} cannot be written: {error.strerror}.") from error
    report = {
        "policy_model": policy_model,
        "params": size,
        "problems": len(answers),
        "answers": sum(n),
        "accuracy": sum(right) / sum(n),
        "predicted": math.fsum(p * w for p, w in zip(expected, n, strict=True)) / sum(n),
        "before": _row(before),
        "after": _row(ability),
        "file": str(out / written.file),
        "sha256": written.sha256,
    }
    if as_json:
        sys.stdout.write(orjson.dumps(report, option=orjson.OPT_INDENT_2).decode() + "\n")
        sys.stdout.flush()
        return DONE
    console = Console(highlight=False, emoji=False, soft_wrap=True)
    console.print(Text(plain(f"{policy_model}: {sum(n)} answers to {len(answers)} problems")))
    console.print(f"  ability     {_shown(before)} -> {_shown(ability)}")
    console.print(f"  accuracy    {report['accuracy']:.3f}, predicted {report['predicted']:.3f}")
    console.print(Text(f"  written     {plain(str(report['file']))}"))
    return DONE


def _row(ability: Ability) -> dict[str, float | str]:
    return {"value": ability.value, "sd": ability.sd, "source": ability.source}


def _shown(ability: Ability) -> str:
    return f"{ability.value:.2f} +- {ability.sd:.2f} logits ({ability.source})"
