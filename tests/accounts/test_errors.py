import pytest

from accounts import errors


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        (errors.InvalidInput, 400, "invalid"),
        (errors.NotFound, 404, "not_found"),
        (errors.NotAllowed, 404, "not_found"),
        (errors.Conflict, 409, "conflict"),
        (errors.OverQuota, 409, "over_quota"),
        (errors.Unavailable, 503, "unavailable"),
    ],
)
def test_each_error_knows_its_status_and_code(kind, status, code):
    error = kind("Sorry.")
    assert (error.status, error.code, error.fields, str(error)) == (status, code, {}, "Sorry.")


def test_code_status_and_fields_can_be_given():
    error = errors.DomainError("No.", code="mine", status=422, fields={"count": "Too many."})
    assert (error.code, error.status, error.fields) == ("mine", 422, {"count": "Too many."})


def test_too_many_says_how_long_to_wait():
    assert errors.TooMany("Wait.", retry_after=30).retry_after == 30
