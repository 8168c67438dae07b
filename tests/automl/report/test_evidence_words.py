import ast
from collections.abc import Iterator
from pathlib import Path

import automl
from automl.report.evidence_words import (
    SHARES,
    WORDS,
    WORDS_OF_KIND,
    evidence_in_words,
    evidence_text,
)
from storage.records import Diagnosis

PACKAGE = Path(automl.__file__).parent
WRITERS = (
    *sorted((PACKAGE / "diagnostics").glob("*.py")),
    PACKAGE / "investigation" / "confirmation.py",
    *(PACKAGE / "data" / "table" / f"{name}.py" for name in ("leaks", "probes", "sentinels")),
    PACKAGE / "data" / "table" / "checks.py",
    PACKAGE / "data" / "table" / "repeated_rows.py",
    PACKAGE / "data" / "table" / "possible_groups.py",
)
"""Who writes evidence; the details of a data check become that of its diagnosis."""

UNTOLD = {"why", "drop"}
"""Of a column that was dropped, which is no diagnosis; of a leak, whose advice names them."""


def words(kind: str = "good_fit", **evidence: object) -> dict[str, str]:
    return dict(evidence_in_words(Diagnosis(kind, "info", "", evidence)))  # type: ignore[arg-type]


def test_names_of_the_code_become_words():
    assert words(train_loss=0.12345, n_trials=1200) == {
        "train loss": "0.123", "trials": "1,200",
    }  # fmt: skip


def test_every_name_has_words_and_every_word_a_name():
    written = {name for path in WRITERS for name in evidence_names(ast.parse(path.read_text()))}
    assert len(written) > 80
    assert written - UNTOLD == set(WORDS)
    assert {name for words in WORDS_OF_KIND.values() for name in words} <= written
    assert written >= SHARES


def evidence_names(tree: ast.AST) -> Iterator[str]:
    """The keys of all that is given, or added, to evidence or to details."""
    for node in ast.walk(tree):
        match node:
            case ast.keyword(arg="evidence" | "details", value=value):
                yield from keys(value)
            case ast.Assign(targets=[ast.Name("evidence" | "details")], value=value):
                yield from keys(value)
            case ast.AnnAssign(target=ast.Name("evidence" | "details"), value=ast.expr() as value):
                yield from keys(value)
            case ast.AugAssign(target=ast.Name("evidence" | "details"), value=value):
                yield from keys(value)
            case ast.Subscript(ast.Name("evidence" | "details"), ast.Constant(str() as name)):
                yield name
            case ast.FunctionDef(name=name) if name.endswith("evidence"):
                yield from keys(node)
            case ast.Call(ast.Name("Diagnosis" | "DataCheckRecord"), args=args):
                yield from (name for one in args for name in keys(one))


def keys(node: ast.AST) -> Iterator[str]:
    for one in ast.walk(node):
        if isinstance(one, ast.Dict):
            yield from (str(key.value) for key in one.keys if isinstance(key, ast.Constant))


def test_what_is_no_share_of_the_start_is_no_per_cent():
    assert words(gradient_left=5.4) == {
        "largest gradient norm at the end over that at the start": "5.4",
    }  # fmt: skip


def test_each_fold_has_its_epochs():
    assert words(best_epoch=[12, 18], n_epochs=[22, 28]) == {
        "best epoch": "12, 18", "epochs trained": "22, 28",
    }  # fmt: skip


def test_a_name_without_words_is_still_readable():
    assert words(some_new_number=1.5) == {"some new number": "1.5"}


def test_the_same_name_may_mean_something_else_in_another_verdict():
    assert words(n_parameters=12) == {"hyperparameters searched": "12"}
    assert words("smaller_equal", n_parameters=1234) == {"its parameters": "1,234"}


def test_shares_are_per_cent_and_intervals_have_two_ends():
    assert words(dead_fraction_at_end=0.255)["dead units at the end"] == "26 %"
    assert words(lost_share=0.14)["share of what was learned that is lost on new rows"] == "14 %"
    assert words(variance_interval=[0.1, 0.2]) == {"95 % interval of the variance": "0.1 to 0.2"}


def test_evidence_is_short():
    assert evidence_text(True) == "yes" and evidence_text(None) == "–"
    assert evidence_text(0.123456) == "0.123"
    assert evidence_text({"low_end": 1, "high": [2, 3]}) == "low end 1, high 2, 3"
    assert evidence_text(list(range(50))) == ""
    assert words(splits=[{"subject": "train", "value": 0.1}]) == {}
