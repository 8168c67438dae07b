"""automl.executors"""
