"""Networks: what they are made of and how they start.

Each kind is a family with a folder of its own; a network knows no trainer. See `family.py` first.
"""
