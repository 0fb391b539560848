"""The API of quality: what it takes, what it answers, and whose it is."""

import pytest

from generation.evaluation.models import Evaluation
from generation.sets.models import Share

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.torch]

API = "/api/v1"


def test_a_set_is_measured_and_watched(client, alice, palms, work):
    image_set = palms(12)
    client.force_login(alice)
    where = f"{API}/sets/{image_set.pk}/evaluations"
    made = client.post(where, {"seed": 7}, content_type="application/json")
    assert made.status_code == 202
    assert made.json()["state"] == "waiting" and made.json()["result"] is None
    assert made["Location"] == f"{API}/evaluations/{made.json()['id']}"
    work()
    done = client.get(made["Location"]).json()
    assert (done["state"], done["n"], done["seed"], done["set"]) == ("done", 12, 7, str(image_set.pk))
    assert done["result"]["kid_ci"][0] <= done["result"]["kid"]
    assert done["verdict"] in {"good", "fine", "worrying", "bad", "unknown"}
    listed = client.get(where).json()
    assert [one["id"] for one in listed["results"]] == [done["id"]] and listed["next"] is None


@pytest.mark.parametrize(
    ("body", "field"),
    [({"seed": -1}, "seed"), ({"kind": "best"}, "kind"), ({"reference": "none"}, "reference")],
)
def test_a_wrong_wish_is_a_problem_with_its_field(client, alice, palms, body, field):
    client.force_login(alice)
    answer = client.post(f"{API}/sets/{palms(12).pk}/evaluations", body, content_type="application/json")
    assert answer.status_code == 400
    assert answer["Content-Type"].startswith("application/problem+json")
    assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_too_few_images_and_no_fid_are_conflicts(client, alice, palms):
    client.force_login(alice)
    for count, body, code in ((3, {}, "too_few_images"), (12, {"kind": "fid"}, "no_fid")):
        where = f"{API}/sets/{palms(count).pk}/evaluations"
        answer = client.post(where, body, content_type="application/json")
        assert (answer.status_code, answer.json()["code"]) == (409, code)


def test_sets_are_compared(client, alice, palms, work, charlie):
    ids = [str(palms(12).pk), str(palms(12, seed=5).pk)]
    client.force_login(alice)
    made = client.post(f"{API}/comparisons", {"sets": ids}, content_type="application/json")
    assert made.status_code == 202 and made.json()["sets"] == ids
    work()
    done = client.get(made["Location"]).json()
    assert done["state"] == "done" and len(done["result"]["pairs"]) == 1
    table, drawing = (client.get(f"{made['Location']}/{kind}") for kind in ("table", "picture"))
    assert table["Content-Type"].startswith("text/csv") and b"kid" in table.content
    assert drawing["Content-Type"] == "image/png" and drawing.content.startswith(b"\x89PNG")
    assert len(client.get(f"{API}/comparisons").json()["results"]) == 1
    one = client.post(f"{API}/comparisons", {"sets": ids[:1]}, content_type="application/json")
    assert one.status_code == 400 and one.json()["errors"][0]["field"] == "sets"
    client.force_login(charlie)
    for end in ("", "/table", "/picture"):
        assert client.get(made["Location"] + end).status_code == 404
    assert client.get(f"{API}/comparisons").json()["results"] == []
    others = client.post(f"{API}/comparisons", {"sets": ids}, content_type="application/json")
    assert others.status_code == 404


def test_bob_reads_and_charlie_does_not(client, palms, measured, bob, charlie):
    image_set = palms(12)
    evaluation = measured(image_set)
    Share.objects.create(image_set=image_set, user=bob)
    places = (f"{API}/sets/{image_set.pk}/evaluations", f"{API}/evaluations/{evaluation.pk}")
    for user, status in ((bob, 200), (charlie, 404)):
        client.force_login(user)
        assert [client.get(place).status_code for place in places] == [status] * 2
        assert client.post(places[0], {}, content_type="application/json").status_code == 404
    assert Evaluation.objects.count() == 1
    client.logout()
    assert [client.get(place).status_code for place in places] == [401] * 2


def test_the_same_key_measures_once(client, alice, palms):
    client.force_login(alice)
    where = f"{API}/sets/{palms(12).pk}/evaluations"
    answers = [
        client.post(where, {}, content_type="application/json", headers={"Idempotency-Key": "once"})
        for _ in range(2)
    ]
    assert answers[0].json()["id"] == answers[1].json()["id"]


def test_references_are_listed_without_training_palms(client, charlie):
    client.force_login(charlie)
    listed = client.get(f"{API}/references").json()["results"]
    (palms,) = [one for one in listed if one["subject"] == "palm"]
    assert (palms["name"], palms["n"], palms["own"]) == ("palm-reference", 314, False)
    assert not any("training" in one["name"] for one in listed)
    assert palms["extractors"] == ["efficientnet-lite0", "efficientnet-lite2"]
