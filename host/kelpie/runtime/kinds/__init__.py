"""Kinds and their versions: deployed, tried, configured, rolled back, deleted."""
