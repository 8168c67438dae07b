"""The result of a search: stored records, and what people do with them."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from automl.errors import StudyError, not_ours, warn_of
from automl.options.values import MODEL, TRIAL_NUMBER, whole
from automl.stored_result import StoredResult
from automl.study_json import study_json
from automl.system.output_files import PAGE, check_output, writing_output
from automl.system.study_files import study_files
from automl.wording.counts import trial_words
from automl.wording.printable import one_line
from automl.wording.scores import read_score
from search_spaces.declared import is_foreign
from storage.answers import (
    predictions_artifact,
    single_answer,
    trials_of,
)
from storage.errors import ArtifactError
from storage.records import Json
from storage.score_records import AnswerRecord
from storage.untouched import open_untouched

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from automl.report.plots import Plots
    from automl.training.predicted_files import PredictedRows
    from automl.training.trained_model import TrainedModel


@dataclass(frozen=True, slots=True)
class WrittenPredictions:
    """A file of predictions, and what is in it."""

    path: Path
    rows: PredictedRows


@dataclass(frozen=True, slots=True, repr=False)
class SearchResult(StoredResult):
    """A study with its best configuration, honest score, verdict and figures.

    Torch and plotly are imported by the methods that need them: to read a result takes neither.

    Attributes:
        records: all that is stored of the study.
        storage: the URL of its database.
        seconds: of the call that gave this result, from its beginning.
        n_ended_before: trials that had come to an end when that call began.
    """

    def best_model(self, model: Any = None) -> TrainedModel:
        """What the study hands over, with its preprocessing: `predict(frame)`.

        Args:
            model: where it searched a network of a person's own, and not in this process:
                "my_file.py:build", or the function.

        Raises:
            StudyError: no trial has completed, or the study needs its model.
        """
        return self._load(self.answer, model)

    def model(self, trial_number: int, model: Any = None) -> TrainedModel:
        """The network of any trial whose weights are kept, with its preprocessing.

        Args:
            model: as for `best_model`.

        Raises:
            StudyError: they are not: the trial is not among the best few.
        """
        return self._load(answer_of(self, trial_number), model)

    def best_state(self, trial_number: int | None = None) -> Any:
        """What the objective of `automl.tune` saved after the best epoch of its best trial.

        Bytes, or tensors, numbers and texts in dicts and lists: as `save` returned it, or as it
        was yielded as "state"; of another trial, one of the best few, with `trial_number`.

        Raises:
            StudyError: none is kept, or the study is of networks.
            StorageError: its file is missing or altered.
        """
        from automl.tuning.kept_states import load_state

        self._check_ours()
        with open_untouched(self.storage) as store:
            return load_state(store, self.records, answer_of(self, trial_number))

    def predictions(self) -> Mapping[str, NDArray[Any]] | None:
        """What the answer predicts of validation and test rows, their targets and weights.

        Kept with the study, so that neither its data nor torch are needed; None where none are.

        Shape:
            valid_targets, test_targets: (N,); valid_predictions, test_predictions: (N, C) of
            classes, (N,) of quantities; valid_weights, test_weights: (N,), where rows have any.
        """
        kept = predictions_artifact(self.records)
        if kept is None:
            return None
        with open_untouched(self.storage) as store:
            return store.artifacts.load_predictions(kept)

    def kept_predictions(self) -> Mapping[str, NDArray[Any]] | None:
        """Likewise for pages, which can do without: a damaged file is told, and counts as none."""
        try:
            return self.predictions()
        except ArtifactError as error:
            logging.getLogger("automl").warning("no predictions are shown: %s", error)
            return None

    def report(self, path: str | Path = "report.html") -> Path:
        """Write the report, one HTML file that works offline.

        An existing file is replaced only if it is an earlier page of this program.

        Raises:
            OutputError: it cannot be written there.
        """
        check_output(path, PAGE, self.files)
        logging.getLogger("automl").info("writing %s", one_line(str(path)))
        from automl.report.page import write_report

        return write_report(self.records, path, self.kept_predictions(), self.files, self.storage)

    def write_predictions(
        self,
        data: Any,
        path: str | Path,
        trial_number: int | None = None,
        model: Any = None,
        *,
        keep: Sequence[str] = (),
        force: bool = False,
    ) -> WrittenPredictions:
        """Predict rows, and write them as a table: CSV, TSV or Parquet, by the file's ending.

        A file may be larger than the memory: it is read and written piece by piece.

        Args:
            data: as for `TrainedModel.predict`.
            trial_number: whose network predicts; those of the answer if None.
            model: as for `best_model`.
            keep: columns of the rows that come first, as they are there, so that predictions can
                be joined to them; a predicted one of the same name is called `NAME (predicted)`,
                with a number behind it where that is taken too: `NAME (predicted) (2)`.
            force: replace an existing file, unless it is a database or one that is read.

        Warns:
            DataWarning: cells that are none of their column's kind count as missing.

        Raises:
            OutputError: the file cannot be written, or is there already.
            StudyError, DataError: as `model` and `predict` say.
        """
        from automl.data.files.prediction_files import PREDICTIONS
        from automl.training.predicted_files import predict_rows

        read = study_files(self.storage, data, table="the table to predict")
        spared = {**read, **self.files}
        final = check_output(path, PREDICTIONS, spared, force=force)
        trained = self._load(answer_of(self, trial_number), model)
        metric = read_score(self.records.settings)
        with writing_output(path, PREDICTIONS, spared, force=force) as file:
            *_, rows = predict_rows(trained, data, file, final.name, metric, keep)
        warn_of(rows.notes.messages)
        return WrittenPredictions(Path(path), rows)

    def export(
        self,
        directory: str | Path,
        trial_number: int | None = None,
        *,
        format: str = "folder",
        model: Any = None,
        force: bool = False,
    ) -> Path:
        """Write what the study hands over as a folder that stands alone.

        It is kept only if what lies in it, run without this project, predicts what the stored
        model does.

        Args:
            directory: the folder to write.
            trial_number: whose networks; those of the answer if None.
            format: "folder", weights, preprocessing, schema, configuration and model card, with
                code that predicts and trains again in plain PyTorch; "onnx", one graph from
                raw columns to predictions; or "torch", one program of `torch.export` from
                numbers and codes of categories to predictions.
            model: as for `best_model`.
            force: an earlier export there is replaced; nothing else ever is.

        Raises:
            OutputError: it cannot be written, or something would be lost.
            StudyError: the weights are not kept.
            ConfigError: there is no such format, or it cannot express these networks.
            TrainingError: what was written predicts something else.
        """
        from automl.export.folder import check_folder
        from automl.export.formats import check_format

        check_format(format)
        check_folder(directory, force=force)
        answer = answer_of(self, trial_number)
        trials = trial_words(trials_of(self.records, answer))
        logging.getLogger("automl").info("loading PyTorch and the network of %s", trials)
        from automl.export.answers import export_answer
        from automl.export.writing import Origin

        loaded = self._load(answer, model)
        origin = Origin(self.records, answer)
        return export_answer(loaded, directory, origin, format, force=force)

    @property
    def files(self) -> Mapping[str, str]:
        """The files of the study, which nothing is written over, each with what it is."""
        settings = self.records.settings
        others = [settings.data_options.get(name) for name in ("valid", "test")]
        return study_files(self.storage, settings.data_source, *others)

    def trials_dataframe(self) -> pd.DataFrame:
        """The trials as a pandas table: number, state, value, epochs, seconds, all parameters.

        One row per trial and one column per parameter, those with a fixed value too; a value is
        missing where a parameter's condition did not hold (automl/report/trials_frame.py).
        """
        from automl.report.trials_frame import trials_frame

        return trials_frame(self.records)

    def column_importances_dataframe(self) -> pd.DataFrame:
        """`column_importances` as a pandas table, the most important column first.

        One row per column: by how much the loss, and the score of the metric, are better with it
        than with its values shuffled, with 95 % intervals (automl/report/columns_frame.py).
        """
        from automl.report.columns_frame import columns_frame

        return columns_frame(self.column_importances)

    def summary(self, width: int = 80) -> str:
        """What `automl show` prints, without colours: verdict, best trial, scores, advice.

        Args:
            width: characters of a line, except of commands to type, which stay in one.

        Raises:
            ConfigError: it is no whole number from 80, which tables need.
        """
        from automl.console.summary import summary_text

        return summary_text(self, whole(80).plain("width", width))

    @property
    def plots(self) -> Plots:
        """The report's figures for notebooks: `result.plots.curves()`; a tab lists them all."""
        from automl.report.plots import Plots

        return Plots(self.records, self.kept_predictions, self.storage)

    def _load(self, answer: AnswerRecord, model: Any) -> TrainedModel:
        from automl.models.own.builders import remember_for
        from automl.tuning.kept_models import load_trained_model

        self._check_ours()
        if self.records.settings.is_objective:
            raise StudyError(
                f"a model is kept of networks, but {self.study_name!r} is of an objective, "
                f"{self.records.settings.data_source}: best_state() is what it saved, where it "
                "did; else train it again with the params of the best trial"
            )
        remember_for(MODEL.plain("model", model), self.records.settings)
        with open_untouched(self.storage) as store:
            return load_trained_model(store, self.records, answer)

    def _check_ours(self) -> None:
        if is_foreign(self.records.settings.space):
            raise StudyError(not_ours(f"study {self.study_name!r} in {self.storage}"))

    def _repr_html_(self) -> str:
        """What a notebook shows where a cell ends with the result."""
        from automl.report import plots

        return plots.html_summary(self.records, self.storage)

    def to_json(self, report: str | None = None) -> dict[str, Json]:
        """The result as plain values: what `automl search --json` prints.

        Args:
            report: where a report of it was written.
        """
        call: dict[str, Json] = {
            "storage": self.storage,
            "seconds": round(self.seconds, 3),
            "lacked_time": self.lacked_time,
            "report": report,
        }
        return {**study_json(self.records, self.storage), **call}


def answer_of(result: SearchResult, trial_number: int | None) -> AnswerRecord:
    """What one trial hands over; the study's answer if None.

    Raises:
        StudyError: there is no such trial, or none has completed.
    """
    if trial_number is None:
        return result.answer
    return single_answer(result.records, TRIAL_NUMBER.plain("trial_number", trial_number))
