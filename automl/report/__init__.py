"""automl.report"""
