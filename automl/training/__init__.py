"""Training of one run (`plain.py`, the truth) and of many at once (`stacked.py`, which agrees).

A trainer knows neither Optuna nor the database: runs go in, epoch records come out.
"""
