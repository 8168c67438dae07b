"""automl.tuning"""
