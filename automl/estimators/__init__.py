"""A search as scikit-learn's estimators are: fitted to X and y, and used in its tools."""
