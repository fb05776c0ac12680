"""How a command line is read, and what a wrong one is told."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

_NO_MATTER = 80
_SHORT_OPTION_LENGTH = 2

__all__ = ["CommandParser", "Commands"]


class CommandParser(argparse.ArgumentParser):
    """A parser that takes no abbreviations, and answers a wrong name with the nearest."""

    told_if_too_much: str | None = None
    """What is said of words that are too much, where they may be secret."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        # What is short for one option today would be short for two tomorrow.
        options["allow_abbrev"] = False
        options.setdefault("formatter_class", _Unmeasured)
        super().__init__(*arguments, **options)
        self.register("action", "parsers", _DescribedCommands)

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """As argparse has it; but the parser of the command itself refuses what it
        does not know, for it knows what there is."""
        if args:
            self._refuse_too_early(args[0].partition("=")[0])
        known, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self._refuse(unknown)
        return known, unknown

    def _refuse_too_early(self, option: str) -> None:
        """An option that stands before the command, where it belongs behind it, or is
        none at all: else what is told is that there is no command."""
        if not option.startswith("-") or option in {"-", "--", *self.options()}:
            return
        commands = self.commands()
        for name, command in commands.items():
            if option in command.options():
                example = f"{self.prog} {name} {option} ..."
                self.error(f"{option} belongs behind the command, as in: {example}")
        if commands and (option.startswith("--") or len(option) == _SHORT_OPTION_LENGTH):
            self._refuse([option])

    def _refuse(self, unknown: list[str]) -> NoReturn:
        option = next((each for each in unknown if each.startswith("-")), None)
        if self.told_if_too_much is not None and option is None:
            self.error(self.told_if_too_much)
        if option is None:
            self.error(f"this is too much: {' '.join(map(ascii, unknown))}")
        option = option.partition("=")[0]
        self.error(f"there is no option {option!a}{_did_you_mean(option, self.options())}")

    def format_help(self) -> str:
        self.formatter_class = argparse.HelpFormatter
        return super().format_help()

    def format_usage(self) -> str:
        self.formatter_class = argparse.HelpFormatter
        return super().format_usage()

    def _print_message(self, message: str, file: SupportsWrite[str] | None = None) -> None:
        # Later releases of argparse drop what could not be written, and end as if it had been.
        (file or sys.stderr).write(message)

    def error(self, message: str) -> NoReturn:
        super().error(f"{message}\n  try: {self.prog} --help")

    def options(self) -> list[str]:
        """The names of its options, both short and long."""
        return [name for action in self._actions for name in action.option_strings]

    def commands(self) -> dict[str, CommandParser]:
        """Its own commands, by name."""
        found = (each for each in self._actions if isinstance(each, argparse._SubParsersAction))
        return {name: command for action in found for name, command in action.choices.items()}

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            choices = list(map(str, action.choices))
            near = _did_you_mean(str(value), choices)
            what = "command" if isinstance(action, argparse._SubParsersAction) else "choice"
            there_are = near or f": use one of {', '.join(choices)}"
            raise argparse.ArgumentError(
                None if what == "command" else action, f"there is no {what} {value!a}{there_are}"
            )


class _Unmeasured(argparse.HelpFormatter):
    """For a parser that is being made: for each of its arguments argparse has a formatter
    made that finds out how wide the terminal is, and then writes nothing."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=_NO_MATTER)


class _DescribedCommands(argparse._SubParsersAction):  # type: ignore[type-arg]
    """Its commands say of themselves, too, what the list of commands says of them."""

    def add_parser(self, name: str, **options: Any) -> Any:
        told = options.get("help", "")
        options.setdefault("description", f"{told[:1].upper()}{told[1:]}.")
        return super().add_parser(name, **options)


def _did_you_mean(given: str, names: Sequence[str]) -> str:
    near = get_close_matches(given, names, n=1)
    return f": did you mean {near[0]}?" if near else ""


if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[CommandParser]
else:
    Commands = argparse._SubParsersAction
