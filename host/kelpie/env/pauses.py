"""How long to wait before what was refused is tried again."""

from __future__ import annotations

from kelpie.env import Env

__all__ = ["drawn_pause_ms"]


def drawn_pause_ms(env: Env, longest_ms: float) -> float:
    """Half of the longest pause at the least, drawn at random: so that those who were
    refused together part."""
    return longest_ms * (0.5 + env.random_bytes(1)[0] / 512)
