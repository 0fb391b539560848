"""What probes and Prometheus are told."""

import pytest
from django.db import DatabaseError

from palmsite import metrics, operation

pytestmark = pytest.mark.django_db
WELL = {"worker_ok": True, "worker_detail": "2 workers", "queue_ok": True, "queue_detail": "", "oldest_s": 0}


@pytest.fixture
def jobs_say(monkeypatch):
    def say(**words):
        monkeypatch.setattr(operation.selectors, "health", lambda: {**WELL, **words})

    say()
    return say


def test_all_well_is_200(client, jobs_say):
    answer = client.get("/healthz")
    assert answer.status_code == 200
    assert answer.json()["status"] == "ok"
    assert set(answer.json()["checks"]) == {"database", "media", "worker", "queue"}
    assert all({"ok", "detail"} <= set(check) for check in answer.json()["checks"].values())
    assert answer.json()["checks"]["queue"]["oldest_s"] == 0


@pytest.mark.parametrize("part", ["worker", "queue"])
def test_what_the_jobs_say_is_passed_on(client, jobs_say, part):
    jobs_say(**{f"{part}_ok": False, f"{part}_detail": "nobody works", "oldest_s": 90})
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["status"] == "fail"
    assert answer.json()["checks"][part] | {"oldest_s": 0} == {
        "ok": False,
        "detail": "nobody works",
        "oldest_s": 0,
    }


def test_without_workers_the_real_check_fails(client):
    checks = client.get("/healthz").json()["checks"]
    assert checks["worker"]["ok"] is False


def test_database_that_does_not_answer_is_the_reason(client, monkeypatch, jobs_say):
    class Broken:
        vendor = "postgresql"

        def cursor(self):
            raise DatabaseError("connection refused")

        def close(self):
            pass

    monkeypatch.setattr(operation, "connection", Broken())
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["checks"]["database"] == {"ok": False, "detail": "postgresql does not answer"}
    assert answer.json()["checks"]["worker"]["ok"] is False


def test_media_folder_that_is_gone_is_the_reason(client, settings, tmp_path, jobs_say):
    settings.MEDIA_ROOT = tmp_path / "gone"
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert not answer.json()["checks"]["media"]["ok"]


def test_full_disk_is_the_reason(client, monkeypatch, jobs_say):
    monkeypatch.setattr(operation, "LEAST_FREE_BYTES", 2**80)
    assert "full" in client.get("/healthz").json()["checks"]["media"]["detail"]


def test_health_is_not_kept_by_anybody(client, jobs_say):
    assert "no-store" in client.get("/healthz")["Cache-Control"]


def test_health_asks_neither_session_nor_person(client, jobs_say, django_assert_num_queries):
    with django_assert_num_queries(1):
        client.get("/healthz")


def test_there_are_no_metrics_without_a_token(client):
    assert client.get("/metrics").status_code == 404


@pytest.mark.parametrize("header", [None, "Bearer wrong", "Basic right", "right"])
def test_metrics_want_the_token(client, settings, header):
    settings.PALMSITE_METRICS_TOKEN = "right"
    answer = client.get("/metrics", headers={"Authorization": header} if header else {})
    assert answer.status_code == 401
    assert "palmsite_" not in answer.content.decode()


def test_metrics_can_be_read(client, settings, jobs_say):
    settings.PALMSITE_METRICS_TOKEN = "right"
    jobs_say(oldest_s=12)
    metrics.observe("GET", 200, 0.25)
    metrics.observe("STRANGE", 200, 0.25)
    answer = client.get("/metrics", headers={"Authorization": "Bearer right"})
    lines = answer.content.decode().splitlines()
    assert answer["Content-Type"].startswith("text/plain; version=0.0.4")
    assert "palmsite_queue_oldest_seconds 12" in lines
    assert 'palmsite_check_ok{check="database"} 1' in lines
    assert any(line.startswith('palmsite_http_requests_total{method="GET",status="200"} ') for line in lines)
    assert any('method="other"' in line for line in lines)
    for line in lines:
        assert line.startswith("# ") or float(line.rsplit(" ", 1)[1]) >= 0
