"""Deterministic simulation: the same runtime over a world that misbehaves."""
