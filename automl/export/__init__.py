"""A study's answer as a folder that stands alone: weights, preprocessing, schema, code, card."""
