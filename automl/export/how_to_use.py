"""The part of a model card that says how to use what lies beside it."""

from __future__ import annotations

from dataclasses import asdict
from pprint import pformat
from typing import Final

from automl.training.trained_model import TrainedModel

OF_PERCEPTRONS: Final = """\
With PyTorch alone (torch, numpy, pandas, safetensors), in this folder:

```console
$ python model.py ../rows.csv > ../predictions.csv
$ python train.py ../table.csv --out ../retrained
```

The second trains the same configuration again, on a table with the target. In Python:

```python
from model import Model

model = Model.load()
model.predict("rows.csv")  # or a pandas DataFrame; model.networks are the modules
```

With automl-torch, which does not run the code of this folder:

```python
import automl

model = automl.load_export("FOLDER")
model.predict("rows.csv")
```
"""

OF_OWN: Final = """\
The networks are built by code of your own, {words}, which is not a part of this folder. With
automl-torch, which reads raw rows as in training:

```python
import automl

model = automl.load_export("FOLDER", model="{words}")
model.predict(rows)
```

With PyTorch alone the first network is put together so, where `build` is that function; the module
is called with what [schema.json](schema.json) and preprocessing-0.safetensors say of the rows:

```python
from types import SimpleNamespace

from safetensors.torch import load_file

params = {params}
dataset = SimpleNamespace(**{dataset})
module = build(params, dataset)
module.load_state_dict(load_file("network-0.safetensors"))
module.eval()
```
"""

ABOUT_FILES: Final = """
[schema.json](schema.json) says how a row is read; columns may come in any order, and further ones
do no harm. [config.json](config.json) has every setting, [manifest.json](manifest.json) the
SHA-256 of each file.
"""


def how_to_use(model: TrainedModel) -> str:
    """Markdown on how to load the model and predict with it, with and without this project."""
    network = model.members[0].network
    if network.run.family != "own":
        return OF_PERCEPTRONS + ABOUT_FILES
    encoding = network.encoder.encoding
    n_classes = max(1, len(model.classes_))
    dataset = {
        "task": model.task,
        "n_outputs": n_classes if model.task == "multiclass" else 1,
        "n_classes": n_classes,
        "n_rows": network.n_train_rows,
        "input_shape": encoding.input_shape,
        "n_features": encoding.n_features,
        "cardinalities": encoding.cardinalities,
    }
    config = asdict(network.run.model)
    said = OF_OWN.format(
        words=config["model"], params=pformat(config["params"]), dataset=pformat(dataset)
    )
    return said + ABOUT_FILES
