"""automl.training"""
