"""Hyperparameter search for PyTorch networks."""
