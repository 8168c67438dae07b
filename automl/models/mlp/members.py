"""Members: one network that predicts each row k times, and hands over the mean prediction.

Members share all weights but two: a factor of their own for each input of the first layer, and
an output layer of their own, their head. So a batch of B rows becomes one of k x B behind the
factors, members behind one another, and all layers between see more rows and nothing else:
batch normalization has one mean over all of them, dropout drops for each by itself. Each member
learns each row of the batch; the objective is the mean of theirs.

Source:
    TabM-mini of Gorishniy, Kotelnikov & Babenko 2024, "TabM", arXiv 2410.24210, sections 3.2 and
    3.3: of TabM's adapters the first one is left.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from storage.records import Task


class Members(nn.Module):
    """What the k members of a network have of their own at its inputs, not yet set.

    Attributes:
        scale: the factors, (k x D,), those of a member behind one another. A vector, so that
            penalties leave it alone, as they do all factors.
        task: by which predictions are averaged; whoever builds a network for data says it.
    """

    def __init__(
        self, n_members: int, n_inputs: int, device: torch.device | str, dtype: torch.dtype
    ) -> None:
        super().__init__()
        self.n_members = n_members
        self.scale = nn.Parameter(torch.empty(n_members * n_inputs, device=device, dtype=dtype))
        self.task: Task = "regression"

    def spread(self, values: Tensor) -> Tensor:
        """Each member's rows: (B, D) -> (k x B, D)."""
        scale = self.scale.view(self.n_members, 1, -1)
        return (values * scale).flatten(0, 1)

    def outputs(self, values: Tensor, heads: nn.Linear) -> Tensor:
        """What each member's head makes of its rows.

        Shape:
            values: (k x B, H); the weights of `heads`: (k x C, H); result: (k x B, C).
        """
        k = self.n_members
        weights = heads.weight.unflatten(0, (k, -1)).mT
        bias = heads.bias.view(k, 1, -1)
        return torch.baddbmm(bias, values.unflatten(0, (k, -1)), weights).flatten(0, 1)

    def together(self, outputs: Tensor) -> Tensor:
        """The outputs of the mean prediction: (k x B, C) -> (B, C)."""
        return mean_prediction(outputs.unflatten(0, (self.n_members, -1)), self.task)


def mean_prediction(outputs: Tensor, task: Task, class_dimension: int = -1) -> Tensor:
    """The outputs by which one network would predict what members do in the mean.

    Of classes the mean of probabilities: their logarithms, or of two classes the logit. In
    regression the mean of outputs, so of what was learned: where targets went through a curve
    (`training/target_transform.py`), it is taken back of the mean.

    Shape:
        outputs: (k, ..., C, ...), of which `class_dimension`, below 0, is that of the classes;
        result: the same without the first.
    """
    if task == "regression":
        return outputs.mean(0)
    if task == "binary":
        ones, zeros = functional.logsigmoid(outputs), functional.logsigmoid(-outputs)
        return ones.logsumexp(0) - zeros.logsumexp(0)
    return outputs.log_softmax(class_dimension).logsumexp(0) - math.log(len(outputs))
