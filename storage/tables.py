"""The project's own tables, beside Optuna's and in a MetaData of their own.

Each row is a record of `storage/records.py`; the columns bear the names of its fields.
`trial_id` and `study_id` are Optuna's ids. They are not foreign keys: Optuna's own storage
deletes without knowing of these tables, and triggers take our rows along (see
`schema_changes.py`). Epochs and layers are packed (see `packing.py`). Released tables are
changed by a new entry in `schema_changes.py` only.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.types import UserDefinedType

METADATA = MetaData()


class Json(UserDefinedType[Any]):
    """A column of JSON texts.

    Values are read as they are stored: `stored_values.py` parses them, and can name the row of
    one that is damaged.
    """

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """The type's name in SQL."""
        return "JSON"

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], str]:
        """What makes a text of a value."""
        return json.dumps


SCHEMA = Table(
    "automl_schema",
    METADATA,
    Column("change", Integer, primary_key=True),
    Column("name", String(200), nullable=False),
    Column("applied_at", Float, nullable=False),
)

DELETIONS = Table(
    "automl_deletions",
    METADATA,
    Column("study_id", Integer, primary_key=True),  # SQLite gives an id out again
    Column("n_deletions", Integer, nullable=False),
)

SETTINGS = Table(
    "automl_study_settings",
    METADATA,
    Column("study_id", Integer, primary_key=True, autoincrement=False),
    Column("settings", Json, nullable=False),
)

PROCESSES = Table(
    "automl_processes",
    METADATA,
    Column("process", String(64), primary_key=True),
    Column("host", String(255), nullable=False),
    Column("boot_id", String(64), nullable=False),
    Column("process_id", Integer, nullable=False),
    Column("started", String(64), nullable=False),
    Column("beaten_at", Float, nullable=False),  # seconds since 1970, UTC
)

CLAIMS = Table(
    "automl_claims",
    METADATA,
    Column("trial_id", Integer, primary_key=True, autoincrement=False),
    Column("process", String(64), nullable=False),
    Column("lost_attempts", Integer, nullable=False),
)

REOPENINGS = Table(
    "automl_reopenings",  # a finished trial is not read again, unless a row here says so
    METADATA,
    Column("reopening_id", Integer, primary_key=True),
    Column("study_id", Integer, nullable=False, index=True),
    Column("trial_id", Integer, nullable=False),
)

RUNS = Table(
    "automl_runs",
    METADATA,
    Column("run_id", Integer, primary_key=True),
    Column("study_id", Integer, nullable=False, index=True),
    Column("trial_number", Integer, nullable=False),
    Column("purpose", String(32), nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("fold", Integer, nullable=False),
    Column("rows_fraction", Float, nullable=False),
    Column("continues_run_id", Integer),
    Column("attempt", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("cause", String(32)),
    Column("n_parameters", BigInteger),
    Column("label", Text, nullable=False),
    Column("params", Json),
    Column("layer_names", Text),  # from the input on, one a line
    Column("process", String(64), nullable=False),
    sqlite_autoincrement=True,  # artifacts are named by run: an id is never given out again
)

EPOCHS = Table(
    "automl_epochs",
    METADATA,
    Column("run_id", Integer, ForeignKey(RUNS.c.run_id, ondelete="CASCADE"), primary_key=True),
    Column("block", Integer, primary_key=True),  # (epoch - 1) // 10
    Column("n_epochs", Integer, nullable=False),
    Column("data", LargeBinary, nullable=False),
)

LAYERS = Table(
    "automl_layers",
    METADATA,
    Column("run_id", Integer, ForeignKey(RUNS.c.run_id, ondelete="CASCADE"), primary_key=True),
    Column("epoch", Integer, primary_key=True),  # 0: before training
    Column("data", LargeBinary, nullable=False),
)

DATA_CHECKS = Table(
    "automl_data_checks",
    METADATA,
    Column("data_check_id", Integer, primary_key=True),
    Column("study_id", Integer, nullable=False, index=True),
    Column("kind", String(64), nullable=False),
    Column("subject", Text, nullable=False),
    Column("value", Float),
    Column("details", Json, nullable=False),
)

ANSWERS = Table(
    "automl_answers",
    METADATA,
    Column("answer_id", Integer, primary_key=True),
    Column("study_id", Integer, nullable=False, index=True),
    Column("kind", String(32), nullable=False),
    Column("members", Json, nullable=False),
    Column("best_trial_number", Integer, nullable=False),
    Column("n_parameters", Integer),
    Column("validation", Json),
    Column("threshold", Float),
    sqlite_autoincrement=True,  # evaluations name it: an id is never given out again
)

EVALUATIONS = Table(
    "automl_evaluations",
    METADATA,
    Column("evaluation_id", Integer, primary_key=True),
    Column("study_id", Integer, nullable=False, index=True),
    Column("answer_id", Integer, nullable=False),
    Column("split", String(16), nullable=False),
    Column("scores", Json, nullable=False),
    Column("intervals", Json, nullable=False),
    Column("references", Json, nullable=False),
    Column("evaluated_at", Float, nullable=False),
    Column("only_class", Text),
)

IMPORTANCES = Table(
    "automl_importances",
    METADATA,
    Column("importances_id", Integer, primary_key=True),
    Column("study_id", Integer, nullable=False, index=True),
    Column("answer_id", Integer, nullable=False),
    Column("columns", Json, nullable=False),
    Column("n_columns", Integer, nullable=False),
    Column("n_rows", Integer, nullable=False),
    Column("n_repeats", Integer, nullable=False),
    Column("measured_at", Float, nullable=False),
    Column("metric", Text),
    Column("missing_because", Text),
)

DIAGNOSES = Table(
    "automl_diagnoses",
    METADATA,
    Column("diagnosis_id", Integer, primary_key=True),
    Column("study_id", Integer, nullable=False, index=True),
    Column("trial_number", Integer),
    Column("kind", String(64), nullable=False),
    Column("severity", String(16), nullable=False),
    Column("message", Text, nullable=False),
    Column("evidence", Json, nullable=False),
    Column("advice", Json, nullable=False),
)

ARTIFACTS = Table(
    "automl_artifacts",
    METADATA,
    Column("artifact_id", String(64), primary_key=True),
    Column("study_id", Integer, nullable=False, index=True),
    Column("kind", String(32), nullable=False),
    Column("trial_number", Integer),
    Column("run_id", Integer),
    Column("answer_id", Integer),
    Column("file_name", Text, nullable=False),
    Column("n_bytes", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("details", Json, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("removed_at", Float),
)

POLICIES = Table(
    "automl_policies",
    METADATA,
    Column("policy_id", Integer, primary_key=True),
    Column("study_id", Integer, nullable=False, index=True),
    Column("from_trial_number", Integer, nullable=False),
    Column("sampler", Text, nullable=False),
    Column("pruner", Text, nullable=False),
    Column("n_trials", Integer),
    Column("timeout", Float),
    Column("max_epochs_total", Integer),
    Column("target_loss", Float),
    Column("patience_trials", Integer),
    Column("trial_timeout", Float),
    Column("n_slots", Integer, nullable=False),
    Column("n_workers", Integer, nullable=False),
    Column("device", Text, nullable=False),
    Column("trainer", Text, nullable=False),
    Column("amp", Boolean, nullable=False),
    Column("channels_last", Boolean, nullable=False),
    Column("preflight", Boolean, nullable=False),
    Column("keep_models", Integer, nullable=False),
    Column("references", Boolean, nullable=False),
    Column("policy", Text, nullable=False, server_default="optuna"),
    Column("environment", Json, nullable=False, server_default="{}"),
    Column("duplicates", Boolean, nullable=False, server_default="1"),
    Column("answer", Text, nullable=False, server_default="single"),
    Column("searches", Boolean, nullable=False, server_default="1"),
    Column("untrained", Text),
    Column("untrained_trial", Integer),
)

STOPS = Table(
    "automl_stops",
    METADATA,
    Column("stop_id", Integer, primary_key=True),
    Column("study_id", Integer, nullable=False, index=True),
    Column("because", Text, nullable=False),
    Column("n_trials", Integer, nullable=False),
    Column("details", Json, nullable=False),
    Column("ended_at", Float, nullable=False),
)

EARLIER_STUDIES = Table(
    "automl_earlier_studies",
    METADATA,
    Column("earlier_study_id", Integer, primary_key=True),
    Column("study_id", Integer, nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("max_epochs", Integer, nullable=False),
    Column("trials", Json, nullable=False),
)

WIDENINGS = Table(
    "automl_widenings",
    METADATA,
    Column("widening_id", Integer, primary_key=True),
    Column("study_id", Integer, nullable=False, index=True),
    Column("from_trial_number", Integer, nullable=False),
    Column("ranges", Json, nullable=False),
)

BELIEFS = Table(
    "automl_beliefs",
    METADATA,
    Column("belief_id", Integer, primary_key=True),
    Column("study_id", Integer, nullable=False, index=True),
    Column("policy", Text, nullable=False),
    Column("n_trials", Integer, nullable=False),
    Column("n_epochs", Integer, nullable=False),
    Column("belief", Json, nullable=False),
)

OF_A_STUDY = (
    SETTINGS,
    REOPENINGS,
    RUNS,
    DATA_CHECKS,
    ANSWERS,
    EVALUATIONS,
    IMPORTANCES,
    DIAGNOSES,
    ARTIFACTS,
    POLICIES,
    STOPS,
    EARLIER_STUDIES,
    WIDENINGS,
    BELIEFS,
)
"""Tables with a `study_id`: their rows go when the study goes."""

OF_A_RUN = (EPOCHS, LAYERS)
"""Tables with a `run_id`: their rows go when the run goes."""
