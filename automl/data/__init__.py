"""automl.data"""
