"""Networks: what they are made of and how they start, alone and stacked.

A model knows no trainer: dropout masks and scalings are handed in. See `mlp.py` first.
"""
