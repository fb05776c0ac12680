"""`python -m kelpie`: the `kelpie` command, where its script is not on the path."""

from kelpie.cli.entry import run

if __name__ == "__main__":
    run()
