"""How the API of sets refuses: a problem that names its fields."""


def problem(answer, status, *fields):
    """Hold that an answer is a whole problem about these fields; return it."""
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == status
    assert body["detail"]
    assert [error["field"] for error in body["errors"]] == list(fields)
    assert all(error["detail"] for error in body["errors"])
    return body
