"""Where trainers run: in this process, or in worker processes. Start at `executor.py`."""
