#!/usr/bin/env python3
"""The door to every command of the site: `python manage.py help`."""

import os
import sys


def main() -> None:
    """Run the command that was asked for, or say in one line why it cannot run."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "palmsite.settings")
    try:
        from django.core.management import execute_from_command_line
    except ImportError:
        sys.exit("Django is not installed here. Run `make setup`, or activate the virtual environment first.")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
