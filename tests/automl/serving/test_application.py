"""The application: what it answers, and what it refuses without a word of the server's insides."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from automl.serving import application
from automl.serving.application import make_application
from automl.training.trained_model import TrainedModel
from tests.contracts.untrained_models import people, untrained

ROW = {"age": 31, "city": "서울", "member": "yes", "since": "2022-05-01", "income": 29.5}


@pytest.fixture(scope="module")
def model() -> TrainedModel:
    return untrained(people(), "kind")


class Client:
    """Asks an application without a network between."""

    def __init__(self, application: Any, address: str = "http://127.0.0.1") -> None:
        transport = httpx.ASGITransport(application, raise_app_exceptions=False)
        self._client = httpx.AsyncClient(transport=transport, base_url=address)

    def get(self, path: str, **more: Any) -> Any:
        return asyncio.run(self._client.get(path, **more))

    def post(self, path: str, **more: Any) -> Any:
        return asyncio.run(self._client.post(path, **more))


@pytest.fixture(scope="module")
def client(model: TrainedModel) -> Client:
    return Client(make_application(model, "trial 3 of people"))


def test_rows_are_predicted_as_in_python(client: Client, model: TrainedModel) -> None:
    rows = people().drop(columns="kind").to_dict("records")
    answered = client.post("/predict", json=rows)
    assert answered.status_code == 200
    predictions = answered.json()["predictions"]
    assert [one["prediction"] for one in predictions] == model.predict(rows).tolist()
    assert [list(one["probabilities"].values()) for one in predictions] == (
        model.predict_proba(rows).tolist()
    )
    (single,) = client.post("/predict", json=ROW).json()["predictions"]
    assert single["prediction"] == model.predict(ROW)[0]
    assert client.post("/predict", json={**ROW, "age": None, "further": [1]}).status_code == 200


def test_it_says_what_it_is_and_what_a_row_looks_like(client: Client) -> None:
    health = client.get("/health").json()
    assert health == {
        "status": "ok",
        "model": "trial 3 of people",
        "target": "kind",
        "task": "binary",
    }
    schema = client.get("/schema").json()
    assert schema["classes"] == ["poor", "rich"]
    assert client.post("/predict", json=schema["row"]["example"]).status_code == 200
    documented = client.get("/openapi.json").json()
    body = documented["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]
    assert body["schema"]["oneOf"][1] == schema["row"]


@pytest.mark.parametrize(
    ("rows", "place", "column"),
    [
        ([ROW, {**ROW, "age": "old"}], 1, "age"),
        ([ROW, {k: v for k, v in ROW.items() if k != "city"}], 1, "city"),
        ({**ROW, "since": "noon"}, 0, "since"),
        ({**ROW, "member": {"a": 1}}, 0, "member"),
        ({**ROW, "income": 1e300}, 0, "income"),
    ],
)
def test_bad_rows_are_refused_with_row_and_column(
    rows: Any, place: int, column: str, client: Client
) -> None:
    refused = client.post("/predict", json=rows)
    assert refused.status_code == 422
    (detail,) = refused.json()["detail"]
    assert (detail["row"], detail["column"]) == (place, column)


@pytest.mark.parametrize("body", [b"", b"{", b'{"age": NaN}', b"[]", b"\xff", b'"text"'])
def test_what_are_no_rows_is_refused(body: bytes, client: Client) -> None:
    refused = client.post("/predict", content=body)
    assert refused.status_code == 422
    assert refused.json()["detail"][0]["message"]


def test_bodies_and_names_have_limits(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(application, "MOST_BYTES", 50)
    assert client.post("/predict", json=ROW).status_code == 413
    assert client.get("/health", headers={"host": "evil.example"}).status_code == 400
    assert client.get("/predict").status_code == 405
    assert client.get("/docs").status_code == 404


def test_a_failing_model_gives_no_traceback(
    model: TrainedModel, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("a secret of the server")

    monkeypatch.setattr(TrainedModel, "predict_pieces", fail)
    client = Client(make_application(model, "m"), "http://localhost")
    failed = client.post("/predict", json=ROW)
    assert client.get("/health").status_code == 200
    assert failed.status_code == 500
    assert "secret" not in failed.text and "Traceback" not in failed.text
    assert "a secret of the server" in caplog.text
