"""Claims of the project, measured: each script compares both sides in one run.

python -m benchmarks.NAME [--quick] [--json]
"""
