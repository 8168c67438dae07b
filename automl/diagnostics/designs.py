"""Which designs begin with bad signals: counts over the study, not over one trial.

A design is an activation with an initialization and a normalization; the depth from which on
it goes wrong is part of the sentence. Only the layers at initialization count, so a trial
that recovered (or was stopped before its first epoch) counts like any other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from automl.diagnostics.gradient_flow import start_problem
from automl.diagnostics.situation import Situation, change, named, space_parameters
from automl.wording.counts import count
from search_spaces.hyperparameter import Role
from storage.records import Advice, Diagnosis, Json, LayerGradientRecord, StudyRecords

MIN_GROUP = 3
"""Fewer trials of one design are no pattern."""

ROLES: Final[tuple[Role, Role, Role]] = ("activation", "initialization", "normalization")

Design: TypeAlias = tuple[str, str, str]  # the values of these roles
Start: TypeAlias = tuple[int, str | None]  # hidden layers, kind of bad start


def diagnose_flow_by_design(records: StudyRecords) -> Diagnosis | None:
    """Count over the study which designs start with bad signals, and which never do."""
    groups: dict[Design, list[Start]] = defaultdict(list)
    names = [named(records.settings, role) for role in ROLES]
    for situation, layers in _starts(records):
        groups[_design(situation, names)].append((len(layers) - 1, start_problem(layers)))
    bad = {
        design: starts
        for design, starts in groups.items()
        if len(starts) >= MIN_GROUP and 2 * sum(1 for _, kind in starts if kind) > len(starts)
    }
    if not bad:
        return None
    worst = sorted(bad, key=lambda design: -len(bad[design]))
    sentences = [_group_sentence(design, bad[design]) for design in worst[:3]]
    healthy = [d for d, s in groups.items() if len(s) >= MIN_GROUP and not any(k for _, k in s)]
    if healthy:
        best = max(healthy, key=lambda design: len(groups[design]))
        n_trials = len(groups[best])
        sentences.append(f"{_design_words(best)}: in none of {count(n_trials, 'trial')}.")
    return Diagnosis(
        kind="bad_starts",
        severity="warning",
        message="Some designs begin with signals too weak or too strong to train. "
        + " ".join(sentences),
        evidence={"designs": [_in_numbers(design, groups[design]) for design in groups]},
        advice=_without(records, groups),
    )


def _starts(
    records: StudyRecords,
) -> Iterator[tuple[Situation, Sequence[LayerGradientRecord]]]:
    """Each trial with the layers it began with."""
    for trial in records.trials:
        runs = records.search_runs(trial.number)
        kept = [layers for run in runs if (layers := records.initial_layers.get(run.run_id))]
        layers = kept[0] if kept else ()
        if layers:
            yield Situation(records.settings, trial), layers


def _design(situation: Situation, names: Sequence[str | None]) -> Design:
    """Of the hyperparameters that have the roles: an own network may have only some, or none."""
    activation, initialization, normalization = (name and situation.value(name) for name in names)
    return str(activation or ""), str(initialization or ""), str(normalization or "none")


def _design_words(design: Design) -> str:
    activation, initialization, normalization = design
    started = initialization and f"{initialization} initialization"
    words = " with ".join(part for part in (activation, started) if part) or "networks"
    return words if normalization == "none" else f"{words} and {normalization}"


def _group_sentence(design: Design, starts: list[Start]) -> str:
    """One sentence: from which depth on, what, in how many of how many."""
    depth = min(n_layers for n_layers, kind in starts if kind)
    deep = [kind for n_layers, kind in starts if n_layers >= depth]
    kinds = [kind for kind in deep if kind]
    common = max(set(kinds), key=kinds.count)
    return (
        f"{_design_words(design)}, {depth} hidden layers or more: {PLAIN_WORDS[common]} in "
        f"{kinds.count(common)} of {count(len(deep), 'trial')}."
    )


PLAIN_WORDS: Mapping[str, str] = {
    "vanishing_gradients": "gradients vanished",
    "exploding_gradients": "gradients exploded",
    "dead_units": "units were dead",
    "saturated_units": "units were saturated",
    "symmetric_initialization": "all units began alike",
}


def _in_numbers(design: Design, starts: list[Start]) -> dict[str, Json]:
    activation, initialization, normalization = design
    return {
        "activation": activation,
        "initialization": initialization,
        "normalization": normalization,
        "n_layers": sorted({n_layers for n_layers, _ in starts}),
        "n_trials": len(starts),
        "n_bad": sum(1 for _, kind in starts if kind),
        "kinds": sorted({kind for _, kind in starts if kind}),
    }


def _without(records: StudyRecords, groups: Mapping[Design, list[Start]]) -> tuple[Advice, ...]:
    """Take out the choices that mostly start badly, whatever they are combined with."""
    parameters = space_parameters(records.settings)
    situation = Situation(records.settings, records.trials[0])
    for place in (1, 0):
        name = situation.named(ROLES[place]) or ""
        choices = parameters.get(name, {}).get("choices")
        if not isinstance(choices, Sequence) or isinstance(choices, str):
            continue
        bad = [choice for choice in choices if _mostly_bad(groups, place, str(choice))]
        kept = [str(choice) for choice in choices if choice not in bad]
        if bad and kept:
            text = f"Leave {', '.join(map(str, bad))} out of {name}."
            return (Advice(text, (change(name, ",".join(kept)),)),)
    return (
        Advice("Normalize between the layers.", situation.change("normalization", "batch_norm")),
    )


def _mostly_bad(groups: Mapping[Design, list[Start]], place: int, choice: str) -> bool:
    starts = [start for design, s in groups.items() if design[place] == choice for start in s]
    n_bad = sum(1 for _, kind in starts if kind)
    return len(starts) >= MIN_GROUP and 2 * n_bad > len(starts)
