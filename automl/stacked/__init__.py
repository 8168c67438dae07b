"""Many networks trained as one: the fast twin of `training/plain.py`, which it must agree with."""
