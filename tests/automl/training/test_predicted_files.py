"""A file is predicted piece by piece to the same bytes as at once."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from automl.data import pieces
from automl.errors import DataError
from automl.training.predicted_files import PredictedRows, predict_rows
from tests.contracts.untrained_models import people, untrained

LINES = ("plain", 'a "quoted" one', "two\nlines")


def predicted(model: object, path: Path) -> tuple[bytes, list[PredictedRows]]:
    file = io.BytesIO()
    told = list(predict_rows(model, path, file, "p.csv"))  # type: ignore[arg-type]
    return file.getvalue(), told


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """More than two pieces, of which some end between lines of one row."""
    table = pd.concat([people()] * 60, ignore_index=True).astype({"age": object})
    table["note"] = [LINES[n % 3] for n in range(len(table))]
    table.loc[[3, 4000, 5000], "age"] = "old"
    table.loc[[4500], "city"] = "Ulm"
    table.to_csv(tmp_path / "rows.csv", index=False)
    return tmp_path / "rows.csv"


@pytest.mark.parametrize("target", ["kind", "income"])
def test_rows_in_pieces_are_predicted_as_at_once(
    target: str, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = untrained(people(), target, 2)
    whole, (_, all_of_it) = predicted(model, path)
    monkeypatch.setattr(pieces, "LARGE_BYTES", 1)
    monkeypatch.setattr(pieces, "rows_at_once", lambda n_columns: 2048)
    in_pieces, told = predicted(model, path)
    assert in_pieces == whole
    assert [each.n_rows for each in told] == [2048, 4096, 5400, 5400]
    assert told[-1].notes == all_of_it.notes
    messages = told[-1].notes.messages
    assert "age: 3 of 5,400 cells are no numbers" in "\n".join(messages)
    assert "in row 4" in "\n".join(messages)
    assert told[-1].scored == all_of_it.scored is not None
    assert told[-1].columns[0] == target


def test_a_row_without_a_prediction_is_named_by_its_number_in_the_file(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = untrained(people(), "kind")
    (one,) = model.members
    weights = {name: torch.full_like(each, 1e38) for name, each in one.network.weights.items()}
    broken = replace(one, network=replace(one.network, weights=weights))
    monkeypatch.setattr(pieces, "LARGE_BYTES", 1)
    monkeypatch.setattr(pieces, "rows_at_once", lambda n_columns: 2048)
    encoder = model.members[0].network.encoder
    read = [*encoder.read_pieces(path)][1]
    with pytest.raises(DataError, match="first of them is row 2049: "):
        replace(model, members=(broken,))._table(read)


def test_a_column_that_proves_unreadable_is_refused_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = pd.concat([people()] * 60, ignore_index=True).astype({"age": object})
    table.loc[2100:, "age"] = "old"
    table.to_csv(tmp_path / "rows.csv", index=False)
    monkeypatch.setattr(pieces, "LARGE_BYTES", 1)
    monkeypatch.setattr(pieces, "rows_at_once", lambda n_columns: 2048)
    model, told = untrained(people(), "kind"), []
    with pytest.raises(DataError, match="age: 3,300 of 5,400 cells are no numbers"):
        told.extend(predict_rows(model, tmp_path / "rows.csv", io.BytesIO(), "p.csv"))
    table.loc[2100:, "age"] = 30
    table.loc[:1500, "age"] = "old"
    table.to_csv(tmp_path / "rows.csv", index=False)
    content, told = predicted(model, tmp_path / "rows.csv")
    assert told[-1].n_rows == len(table), "most of the first piece cannot be read, but of all can"
    assert np.isfinite(pd.read_csv(io.BytesIO(content)).iloc[:, 1:].to_numpy()).all()


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
@pytest.mark.parametrize("written", ["p.csv", "p.parquet"])
def test_columns_are_kept_as_they_are_in_pieces_and_at_once(
    ending: str, written: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = pd.concat([people()] * 60, ignore_index=True)
    customers = [f"{n:07}" for n in range(len(table))]
    whole_numbers = pd.Series(range(len(table)), dtype="Int64").mask(table.index > 2500)
    moments = pd.to_datetime(table.since) + pd.to_timedelta(table.index // 3000, unit="h")
    late = [None if n < 3000 else f"from {n}" for n in range(len(table))]
    table = table.assign(customer=customers, n=whole_numbers, seen=moments, late=late)
    rows = tmp_path / f"rows.{ending}"
    if ending == "parquet":
        table.to_parquet(rows)
    elif ending == "csv":
        table.to_csv(rows, index=False)
    else:
        table.to_json(rows, orient="records", lines=True, date_format="iso")
    model, keep = untrained(people(), "kind"), ["late", "customer", "n", "seen", "kind"]

    def read() -> pd.DataFrame:
        file = io.BytesIO()
        list(predict_rows(model, rows, file, written, keep=keep))
        file.seek(0)
        is_csv = written.endswith(".csv")
        return pd.read_csv(file, dtype=object) if is_csv else pd.read_parquet(file)

    at_once = read()
    monkeypatch.setattr(pieces, "LARGE_BYTES", 1)
    monkeypatch.setattr(pieces, "rows_at_once", lambda n_columns: 2048)
    assert read().astype(str).equals(at_once.astype(str))
    assert list(at_once)[:6] == [*keep, "kind (predicted)"]
    assert at_once.customer.tolist() == customers
    assert at_once.late.fillna("").tolist() == [one or "" for one in late]
    assert at_once.kind.tolist() == table.kind.tolist()
    numbers = pd.to_numeric(at_once.n, errors="coerce")
    assert numbers.dropna().tolist() == list(range(2501))
    assert (pd.to_datetime(at_once.seen, format="ISO8601") == moments).all()
