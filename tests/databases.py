"""The databases of tests that start sites of their own."""

import pytest

from tests.postgres import PostgresServer, find_binaries

NOT_INSTALLED = "PostgreSQL is not installed"
on_each_database = pytest.mark.parametrize(
    "database",
    [
        "sqlite",
        pytest.param("postgresql", marks=pytest.mark.skipif(find_binaries() is None, reason=NOT_INSTALLED)),
    ],
)


def serve_postgres():
    """A server for as long as the fixture lives; skips where there is none."""
    if find_binaries() is None:
        pytest.skip(NOT_INSTALLED)
    server = PostgresServer()
    server.start()
    yield server
    server.stop()
