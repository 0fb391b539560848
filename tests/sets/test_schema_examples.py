"""The description of this room's API: an example for every body that fits its schema, and the headers of answers."""

import pytest
from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator

ROOM = {"orders", "sets", "images", "models", "scores", "exports", "shares", "webhooks"}
# These stand under the same tags, for they are about a set too, but are other rooms'.
OTHERS = ("/evaluations", "/ratings")


@pytest.fixture(scope="module")
def schema():
    return SchemaGenerator().get_schema(request=None, public=True)


@pytest.fixture(scope="module")
def operations(schema):
    found = {}
    for path, methods in schema["paths"].items():
        for operation in methods.values():
            if ROOM & set(operation.get("tags", [])) and not path.endswith(OTHERS):
                found[operation["operationId"]] = operation
    assert len(found) > 40
    return found


def bodies(operation):
    """What is sent and answered as JSON, by where it stands."""
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        if kind == "application/json":
            yield "request", content
    for status, answer in operation["responses"].items():
        for kind, content in answer.get("content", {}).items():
            if kind == "application/json" and status.startswith("2"):
                yield status, content


def test_every_body_has_an_example_that_fits_it(schema, operations):
    wrong = {}
    for name, operation in operations.items():
        for where, content in bodies(operation):
            examples = content.get("examples", {})
            if not examples:
                wrong[f"{name} {where}"] = "no example"
            check = Draft202012Validator({**content["schema"], "components": schema["components"]})
            for title, example in examples.items():
                if faults := [error.message for error in check.iter_errors(example["value"])]:
                    wrong[f"{name} {where} {title}"] = faults
    assert not wrong, wrong


def test_an_example_of_an_answer_leaves_out_nothing(schema, operations):
    for name, operation in operations.items():
        for where, content in bodies(operation):
            if where != "request" and "$ref" in content["schema"]:
                fields = schema["components"]["schemas"][content["schema"]["$ref"].rsplit("/", 1)[1]][
                    "properties"
                ]
                for example in content["examples"].values():
                    assert example["value"].keys() == fields.keys(), name


def test_answers_say_their_headers(operations):
    for name, operation in operations.items():
        for status, answer in operation["responses"].items():
            assert {"RateLimit", "RateLimit-Policy"} <= answer["headers"].keys(), name
            assert ("Retry-After" in answer["headers"]) == (status == "default"), name
    for name in (
        "orders_list",
        "orders_retrieve",
        "sets_list",
        "sets_download",
        "images_file",
        "sets_shards",
    ):
        answers = operations[name]["responses"]
        assert "ETag" in answers["200"]["headers"], name
        assert "304" in answers, name
    for name in (
        "orders_create",
        "orders_keep",
        "sets_again",
        "sets_more",
        "sets_images_copy",
        "exports_create",
    ):
        assert "Location" in operations[name]["responses"]["201"]["headers"], name
    keyed = ("orders_create", "sets_again", "sets_more", "orders_keep", "shares_create", "scores_create")
    for name in (*keyed, "sets_images_copy", "images_scores_create"):
        assert "Idempotency-Key" in [one["name"] for one in operations[name]["parameters"]], name
    for name in ("sets_change", "sets_delete", "images_change", "images_delete"):
        assert "If-Match" in [one["name"] for one in operations[name]["parameters"]], name
