"""PostgreSQL for tests that start sites of their own."""

import pytest

from tests.postgres import PostgresServer, find_binaries


def serve_postgres():
    """A server for as long as the fixture lives; skips where there is none."""
    if find_binaries() is None:
        pytest.skip("PostgreSQL is not installed")
    server = PostgresServer()
    server.start()
    yield server
    server.stop()
