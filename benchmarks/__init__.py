"""Speed beside others': `python benchmarks/run.py`."""
