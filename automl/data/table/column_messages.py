"""What a person is told of the plans of columns: what was understood, and what was not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from automl.data.table.columns import ColumnPlan
from automl.wording.counts import agree, count
from automl.wording.data_notes import dropped_lines
from automl.wording.option_names import named
from storage.records import DataCheckRecord

KINDS = ("numeric", "categorical", "boolean", "date")

MAX_LINES = 12
"""Of lines on single columns; of more, it is said how many there are."""

ASKED_FOR = ("asked for", "group", "weight")
"""Why columns are left out of which a person has said so: nobody need be told again."""


def column_messages(plans: Sequence[ColumnPlan]) -> list[str]:
    """Lines on the plans: the kinds, the columns left out, and all that was read by custom.

    What costs cells, or asks a person to check, comes first and is never cut.
    """
    by_kind = {kind: sum(plan.described == kind for plan in plans) for kind in KINDS}
    by_kind["dropped"] = sum(bool(plan.dropped) for plan in plans)
    told = ", ".join(f"{n} {kind}" for kind, n in by_kind.items() if n)
    used = [plan for plan in plans if not plan.dropped]
    urgent = [line for plan in used if _is_urgent(plan) for line in column_lines(plan)]
    lines = [line for plan in used if not _is_urgent(plan) for line in column_lines(plan)]
    if len(lines) > MAX_LINES:
        more = len(lines) - MAX_LINES + 1
        lines = [*lines[: MAX_LINES - 1], f"{more} further columns are read in such ways"]
    return [
        f"columns beside the target: {told}",
        *dropped_lines(dropped_columns(plans)),
        *urgent,
        *lines,
    ]


def _is_urgent(plan: ColumnPlan) -> bool:
    return bool({"n_stray", "ambiguous", "is_ambiguous"} & plan.details.keys())


def dropped_columns(plans: Sequence[ColumnPlan]) -> list[DataCheckRecord]:
    """What is known of each column that is left out, as it is kept with the study."""
    return [
        DataCheckRecord(
            "dropped_column",
            plan.name,
            1.0,
            {"why": plan.dropped, "kind": plan.kind, **plan.details},
        )
        for plan in plans
        if plan.dropped
    ]


def column_lines(plan: ColumnPlan) -> Iterator[str]:
    """What a person should know of how one column is read."""
    details = plan.details
    if plan.kind == "numeric" and (line := _number_line(plan)):
        yield line
    if plan.kind == "date" and details.get("n_stray"):
        yield f"{plan.name} is a date; {_strays(plan, 'dates')}"
    if details.get("ambiguous"):
        yield f"{plan.name} is read as dates {plan.dates.pattern}: check day and month"
    if details.get("codes"):
        yield (
            f"{plan.name} holds codes with zeros in front: read as categories "
            f"({named('numeric')} reads numbers)"
        )


def _number_line(plan: ColumnPlan) -> str:
    """One line on numbers that are written in a way of their own, or among other cells."""
    details = plan.details
    parts = []
    example = details.get("example")
    if isinstance(example, list) and len(example) == 2:
        described = plan.numbers.described
        parts.append(f"{example[0]!r} is read as {example[1]:.15g}")
        parts += [described] if described else []
        parts += ["which could be read otherwise: check"] if details.get("is_ambiguous") else []
    if details.get("n_inexact"):
        n_inexact = int(str(details["n_inexact"]))
        parts.append(f"{count(n_inexact, 'cell')} {agree(n_inexact, 'is', 'are')} not exact")
    told = ", ".join(parts)
    if details.get("n_stray"):
        told += ("; " if told else "") + _strays(plan, "numbers")
    return f"{plan.name} is numeric: {told}" if told else ""


def _strays(plan: ColumnPlan, noun: str) -> str:
    stray = plan.details.get("stray")
    shown = ", ".join(repr(str(text)[:30]) for text in stray) if isinstance(stray, list) else ""
    return f"cells that are no {noun} count as missing: {plan.details['n_stray']}, such as {shown}"
