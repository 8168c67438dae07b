"""automl.diagnostics"""
