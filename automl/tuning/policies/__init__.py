"""Policies: what to try next, what to go on with, when to stop. One policy is one file.

It has a `make_policy`, and says in `TAKES` which of the options `sampler` and `pruner` it asks.
"""
