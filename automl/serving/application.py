"""A model over HTTP: rows as JSON in, predictions as JSON out. Imported only where it is served.

The body of a request is read here, up to a limit, and not by FastAPI's models: what a row must
have is known by the model alone, and numbers are read by JSON's own rules. Predictions are made
one after the other in a thread of their own, in which torch counts alone, so that a request that
takes long holds up others but never the answers to `/health`. No error of the model reaches a
client with more than its rule; the server's own stderr has the rest.
"""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.middleware.trustedhost import TrustedHostMiddleware
from fastapi.responses import JSONResponse

from automl.errors import AutoMLError
from automl.serving.rows_as_json import (
    MOST_ROWS,
    Fault,
    Refused,
    answer,
    parse_rows,
    read_cells,
    refuse_unread,
    row_schema,
    table_encoder,
    used_plans,
)
from automl.system.threads import one_thread
from automl.training.trained_model import TrainedModel
from automl.wording.printable import one_line

MOST_BYTES: Final = 10 << 20
"""Of the body of one request."""

LOOPBACK: Final = ("localhost", "127.0.0.1", "[::1]")
"""The names under which a server of this machine alone is asked: a page elsewhere whose name is
made to point here gives itself away by it."""


class _TooLarge(Exception):
    """A body over the limit."""


def make_application(
    model: TrainedModel, words: str, *, host_names: tuple[str, ...] = LOOPBACK
) -> FastAPI:
    """The application that serves a model.

    Args:
        words: what the model is, for people.
        host_names: under which it may be asked for; ("*",): any.

    Raises:
        ConfigError: the model is none of tables.
    """
    row = row_schema(model)
    plans = used_plans(table_encoder(model))
    worker = ThreadPoolExecutor(1, thread_name_prefix="predictions")
    application = FastAPI(title=words, docs_url=None, redoc_url=None)
    application.add_middleware(TrustedHostMiddleware, allowed_hosts=list(host_names))

    @application.get("/health")
    async def health() -> dict[str, Any]:
        """Say that it answers, and what it serves."""
        return {"status": "ok", "model": words, "target": model.target, "task": model.task}

    @application.get("/schema")
    async def schema() -> dict[str, Any]:
        """Say what a row looks like, as JSON Schema, and what is predicted."""
        classes = None if model.task == "regression" else model.classes_.tolist()
        return {"row": row, "target": model.target, "task": model.task, "classes": classes}

    def predicted(body: bytes) -> dict[str, Any]:
        rows = read_cells(parse_rows(body), plans)
        with one_thread():
            piece = next(model.predict_pieces(rows))
        refuse_unread(piece.notes, rows)
        return answer(model, piece)

    @application.post("/predict", openapi_extra=_documented(row))
    async def predict(request: Request) -> JSONResponse:
        """Predict a row, or a list of rows."""
        try:
            body = await _body(request)
            loop = asyncio.get_running_loop()
            return JSONResponse(await loop.run_in_executor(worker, predicted, body))
        except _TooLarge:
            message = f"a request must have at most {MOST_BYTES:,} bytes; send fewer rows at once"
            return _refusal(413, Fault(message))
        except Refused as refused:
            return _refusal(422, *refused.faults)
        except AutoMLError as error:
            return _refusal(422, Fault(one_line(str(error))))
        except Exception as error:
            logging.getLogger("automl").exception("a request failed: %s", type(error).__name__)
            return _refusal(
                500, Fault("the model failed on these rows; see the log of the server")
            )

    return application


async def _body(request: Request) -> bytes:
    """The body of a request, as long as it is within the limit."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MOST_BYTES:
            raise _TooLarge
    return bytes(body)


def _refusal(status: int, *faults: Fault) -> JSONResponse:
    return JSONResponse({"detail": [fault.to_json() for fault in faults]}, status)


def _documented(row: dict[str, Any]) -> dict[str, Any]:
    """What OpenAPI says of the body and of what may be wrong with it."""
    rows = {"type": "array", "items": row, "minItems": 1, "maxItems": MOST_ROWS}
    refusal = {"description": "What is wrong, with its row's index from 0 and its column."}
    return {
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"oneOf": [rows, row]}}},
        },
        "responses": {
            "413": {"description": "The body is too large."},
            "422": refusal,
            "500": {"description": "The model failed."},
        },
    }
