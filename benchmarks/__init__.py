"""What Kelpie costs, as ratios to floors measured in the same run.

Run it with `python -m benchmarks`; `README.md` says how to read the figures.
"""
