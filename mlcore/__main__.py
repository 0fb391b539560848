"""The command line: `python -m mlcore COMMAND`. Finds the command's module, and turns refusals into one line.

Each module of mlcore.commands has NAME, HELP, add_arguments(parser) and run(args); only the one asked for is
imported.
"""

import argparse
import importlib
import os
import pkgutil
import sys
from collections.abc import Sequence

from mlcore import commands
from mlcore.errors import MlcoreError

ORDER = (
    *("download", "prepare", "detector", "recogniser", "train"),
    *("generate", "person", "score", "evaluate", "classifier"),
    *("convert", "inspect", "bench"),
)
REFUSED = 2
INTERRUPTED = 130


def available() -> list[str]:
    """Commands in the order of work, then any others by name."""
    found = {module.name for module in pkgutil.iter_modules(commands.__path__) if module.name[0] != "_"}
    known = [name for name in ORDER if name in found]
    return known + sorted(found - set(known))


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; 0 is done, 1 is a check that failed, 2 a mistake or refusal told in one line."""
    words = list(sys.argv[1:] if argv is None else argv)
    parser = argparse.ArgumentParser(
        prog="python -m mlcore",
        description="Prepare palm photographs, train a generator, make and judge synthetic palms.",
        epilog="python -m mlcore COMMAND --help explains a command and shows examples.",
    )
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    chosen = [word for word in words[:1] if word in available()] or available()
    modules = {}
    for name in chosen:
        module = modules[name] = importlib.import_module(f"mlcore.commands.{name}")
        module.add_arguments(subparsers.add_parser(module.NAME, help=module.HELP, description=module.HELP))
    args = parser.parse_args(words)
    try:
        return int(modules[args.command].run(args))
    except MlcoreError as error:
        print(f"python -m mlcore {args.command}: {error}", file=sys.stderr)
        return REFUSED
    except BrokenPipeError:
        raise  # no mistake, though it is an OSError: see the end of this file
    except OSError as error:
        # A file that could not be moved has two names; the second is the one that was asked for.
        name = error.filename2 or error.filename
        place = f" {name}" if name else ""
        print(f"python -m mlcore {args.command}:{place} {error.strerror or error}", file=sys.stderr)
        return REFUSED
    except KeyboardInterrupt:
        print(f"python -m mlcore {args.command}: stopped.", file=sys.stderr)
        return INTERRUPTED


if __name__ == "__main__":
    try:
        code = main()
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader of a pipe left, as `head` does: nobody is there to be told.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    sys.exit(code)
