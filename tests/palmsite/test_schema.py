"""The whole API against its own description: whatever schemathesis thinks of, no 5xx, and answers as described.

Every operation is asked twice: for ids that nobody has, and for things that the asker owns. What a request does is
taken back before the next.
"""

import gc

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from schemathesis.generation import GenerationMode

from accounts import tokens
from tests.palmsite import belongings_of_alice
from tests.sets.rows import full_set, model  # noqa: F401  # fixtures

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db,
    pytest.mark.timeout(1800),
    pytest.mark.filterwarnings("ignore:No directory at"),
]
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
KNOWN = (200, 201, 202, 204, 206, 304, 400, 401, 403, 404, 405, 406, 409, 412, 413, 415, 416, 422, 429)
OPERATIONS_AT_LEAST = 50


@pytest.fixture
def key(alice, settings):
    settings.PALMSITE_API_RATES = {"person": (10**6, 60), "address": (10**6, 60)}
    return tokens.create(by=alice, name="schema")[1]


@pytest.fixture
def things(alice, model, full_set, key):  # noqa: F811
    return belongings_of_alice.gather(alice, model, full_set(alice, 3, checkpoint=model))


@pytest.fixture
def operations(request, things):
    # As the test client does: the test's own connection stays open when a request ends.
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
        request.addfinalizer(lambda signal=signal: signal.connect(close_old_connections))
    schema = schemathesis.openapi.from_wsgi("/api/v1/schema?format=json", get_wsgi_application())
    # Not by the plugin's own decorator, which does not know this version of pytest.
    found = [operation.ok() for operation in schema.get_all_operations()]
    assert len(found) >= OPERATIONS_AT_LEAST
    return found


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["fitting", "wrong"])
def test_with_ids_of_nobody(operations, key, mode):
    assert not faults(operations, key, mode, {})


# Files that are streamed stay open: the client of this test reads answers and never closes them.
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
def test_with_things_of_ones_own(operations, key, things):
    found = faults(operations, key, GenerationMode.POSITIVE, things.values, things.lab)
    gc.collect()  # here, where it is known, and not in the midst of another test
    assert not found


def faults(operations, key, mode, values, lab=None):
    """What went wrong, by operation: all of them are asked, so that one run tells everything."""
    found = {}
    for operation in operations:
        known = (lab or {}) if "/lab/" in operation.path else values
        try:
            try_out(operation, key, mode, known)
        except (Exception, BaseExceptionGroup) as error:  # noqa: BLE001  # of groups, every kind
            found[operation.label] = str(error)[:1500]
    for label, fault in found.items():
        print(f"\n=== {label}\n{fault}")
    return sorted(found)


def try_out(operation, key, mode, known):
    names = {parameter.name for parameter in operation.path_parameters}
    given_path = {name: str(known[name]) for name in names & known.keys()} or None

    @settings(
        max_examples=5,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode, path_parameters=given_path))
    def attempt(case):
        with transaction.atomic():
            response = case.call(headers={"Authorization": f"Bearer {key}"})
            transaction.set_rollback(True)
        case.validate_response(response, checks=CHECKS)
        assert response.status_code in KNOWN, response.text
        if response.status_code >= 400 and case.method != "HEAD":
            assert response.headers["content-type"] == ["application/problem+json"]
            assert response.json()["status"] == response.status_code

    attempt()
