"""`kelpie completion`: the script by which a shell completes commands."""

from __future__ import annotations

import argparse
import sys

from argcomplete.shell_integration import shellcode

from kelpie.cli.output import say

__all__ = ["run"]

_HOW = {
    "bash": 'eval "$(kelpie completion bash)"  # in ~/.bashrc',
    "zsh": 'eval "$(kelpie completion zsh)"  # in ~/.zshrc, after compinit',
    "fish": "kelpie completion fish > ~/.config/fish/completions/kelpie.fish",
}


def run(options: argparse.Namespace) -> int:
    print(shellcode(["kelpie"], use_defaults=False, shell=options.shell))
    if sys.stdout.isatty():
        say(f"to have it in every shell: {_HOW[options.shell]}")
    return 0
