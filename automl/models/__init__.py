"""Families of networks: what they are made of, what they read, how they start.

A model knows no trainer: the noise of a step, such as dropout, is drawn by the step's number and
handed in. See `family.py` first.
"""
