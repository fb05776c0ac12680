"""Commands that are told to people, such that a shell takes them as they are meant."""

from __future__ import annotations

import argparse
import shlex

from kelpie.api.paths import DEFAULT_NAMESPACE

__all__ = ["suggested"]


def suggested(options: argparse.Namespace, *words: str) -> str:
    """`kelpie` with these words, in the namespace that was meant."""
    namespace = getattr(options, "asked_namespace", DEFAULT_NAMESPACE)
    within = () if namespace == DEFAULT_NAMESPACE else (f"--namespace={namespace}",)
    return shlex.join(("kelpie", *words, *within))
