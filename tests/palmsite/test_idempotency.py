"""The same key and the same request: one thing made, one answer. Here on a view of its own, as rooms use it."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.urls import path
from django.utils import timezone
from rest_framework.response import Response
from rest_framework.test import APIClient
from rest_framework.views import APIView

from accounts import audit, idempotency
from accounts.errors import Conflict
from accounts.models import AuditEvent, KeptAnswer


class Things(APIView):
    """Makes one audit event a call; refuses if told so."""

    @idempotency.idempotent
    def post(self, request):
        made = audit.record(by=request.user, action="thing.made")
        if request.data.get("refuse") == "raise":
            raise Conflict("Not now.")
        if request.data.get("refuse") == "return":
            return Response({"no": True}, status=409)
        return Response({"id": made.pk}, status=201, headers={"Location": f"/things/{made.pk}"})


urlpatterns = [path("api/v1/things", Things.as_view())]
pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


def made():
    return AuditEvent.objects.filter(action="thing.made").count()


def post(api, key, **body):
    return api.post("/api/v1/things", body, format="json", headers={"Idempotency-Key": key})


def test_second_request_gets_the_first_answer(api):
    first, second = post(api, "k1", count=8), post(api, "k1", count=8)
    assert made() == 1
    assert second.status_code == 201
    assert second.json() == first.json()
    assert second["Location"] == first["Location"]
    assert second["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first


def test_other_body_is_refused(api):
    post(api, "k1", count=8)
    answer = post(api, "k1", count=9)
    assert answer.status_code == 422
    assert answer.json()["code"] == "idempotency_key_reused"
    assert made() == 1


def test_order_of_members_makes_no_difference(api):
    post(api, "k1", count=8, seed=1)
    assert post(api, "k1", seed=1, count=8).status_code == 201
    assert made() == 1


def test_other_key_makes_another(api):
    post(api, "k1")
    post(api, "k2")
    assert made() == 2


def test_another_person_has_keys_of_their_own(api, bob):
    post(api, "k1")
    api.force_authenticate(bob)
    assert "Idempotency-Replayed" not in post(api, "k1")
    assert made() == 2


@pytest.mark.parametrize("way", ["raise", "return"])
def test_refusal_keeps_nothing(api, way):
    assert post(api, "k1", refuse=way).status_code == 409
    assert made() == 0
    assert not KeptAnswer.objects.exists()
    assert post(api, "k1").status_code == 201


def test_after_a_day_the_key_is_free(api):
    post(api, "k1")
    KeptAnswer.objects.update(created_at=timezone.now() - timedelta(hours=24, seconds=1))
    post(api, "k1", count=9)
    assert made() == 2


@pytest.mark.parametrize("key", [" ", "x" * 256])
def test_strange_key_is_refused(api, key):
    assert post(api, key).status_code == 400


def test_without_a_key_each_request_makes_one(api):
    for _ in range(2):
        api.post("/api/v1/things", {}, format="json")
    assert made() == 2


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_two_at_once_make_one(alice):
    answers, start = [], threading.Barrier(2)

    def ask():
        api = APIClient()
        api.force_authenticate(alice)
        start.wait()
        answers.append(post(api, "k1").json())
        connection.close()

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made() == 1
    assert answers[0] == answers[1]


def test_refused_requests_count_against_the_pace(api, settings):
    settings.PALMSITE_API_RATES = {"person": (2, 60), "address": (2, 60)}
    for _ in range(2):
        post(api, "k1", refuse="raise")
    assert post(api, "k1").status_code == 429
