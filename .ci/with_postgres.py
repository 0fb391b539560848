"""Runs a command with DATABASE_URL naming a PostgreSQL server that lives as long as the command."""

import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.postgres import PostgresServer


def main() -> int:
    """Start a server, run the command, stop the server."""
    server = PostgresServer()
    server.start()
    url = server.create("palmsite")
    try:
        return subprocess.call(sys.argv[1:], env={**os.environ, "DATABASE_URL": url})
    finally:
        server.stop()


if __name__ == "__main__":
    sys.exit(main())
