"""Hyperparameter search for PyTorch networks that trains many trials as one, and explains it.

    import automl

    result = automl.search(frame, target="price", n_trials=50)
    result.report("report.html")

Names are loaded when they are first used: `import automl` loads neither torch nor Optuna.
The packages `search_spaces` and `storage` must be the ones beside this one, which is checked
here, since their names are common enough to be taken by a person's own file.
"""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from automl.api import resume, search, tune
    from automl.errors import (
        AutoMLError,
        ConfigError,
        DataError,
        DivergedError,
        OutputError,
        StudyError,
        TrainingError,
    )
    from automl.estimators.estimator import AutoMLClassifier, AutoMLRegressor
    from automl.export.loading import load_export
    from automl.investigation.promotion import Promotion
    from automl.investigation.questions import confirm, explain, promote, reproduce
    from automl.investigation.reproduction import ReproducedTrial
    from automl.options.search_options import SearchOptions
    from automl.result import SearchResult
    from automl.studies import (
        compare,
        dashboard,
        delete_study,
        diagnose,
        doctor,
        drop_states,
        load_study,
        study_names,
    )
    from automl.training.trained_model import TrainedModel

__all__ = [
    "AutoMLClassifier",
    "AutoMLError",
    "AutoMLRegressor",
    "ConfigError",
    "DataError",
    "DivergedError",
    "OutputError",
    "Promotion",
    "ReproducedTrial",
    "SearchOptions",
    "SearchResult",
    "StudyError",
    "TrainedModel",
    "TrainingError",
    "compare",
    "confirm",
    "dashboard",
    "delete_study",
    "diagnose",
    "doctor",
    "drop_states",
    "explain",
    "load_export",
    "load_study",
    "promote",
    "reproduce",
    "resume",
    "search",
    "study_names",
    "tune",
]

_HOMES = {
    "AutoMLClassifier": "estimators.estimator",
    "AutoMLRegressor": "estimators.estimator",
    "Promotion": "investigation.promotion",
    "ReproducedTrial": "investigation.reproduction",
    "SearchOptions": "options.search_options",
    "SearchResult": "result",
    "TrainedModel": "training.trained_model",
    "compare": "studies",
    "confirm": "investigation.questions",
    "dashboard": "studies",
    "delete_study": "studies",
    "drop_states": "studies",
    "diagnose": "studies",
    "doctor": "studies",
    "explain": "investigation.questions",
    "load_export": "export.loading",
    "load_study": "studies",
    "promote": "investigation.questions",
    "reproduce": "investigation.questions",
    "resume": "api",
    "search": "api",
    "study_names": "studies",
    "tune": "api",
}


def __getattr__(name: str) -> Any:
    """Load a public name from its module (PEP 562)."""
    if name == "__version__":
        return _version()
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = _HOMES.get(name, "errors")
    return getattr(importlib.import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    """The public names, loaded or not: what a tab lists."""
    return [*globals(), *__all__]


def _version() -> str:
    from importlib import metadata  # a tenth of the time that a list of studies takes

    try:
        return metadata.version("automl-torch")
    except metadata.PackageNotFoundError:
        return "of a checkout that is not installed"


def _check_neighbours() -> None:
    """Refuse a `storage` or `search_spaces` that is not the one beside this package."""
    beside = Path(__file__).resolve().parent.parent
    for name in ("search_spaces", "storage"):
        spec = importlib.util.find_spec(name)
        places = list(spec.submodule_search_locations or [spec.origin or ""]) if spec else []
        if not any(Path(place).resolve() == beside / name for place in places):
            found = f"{places[0]} comes first" if places else "there is none"
            raise ImportError(
                f"automl needs its own package {name!r} in {beside}, but {found}. "
                "Rename that, or start Python in another folder."
            )


_check_neighbours()
