"""automl.models"""
