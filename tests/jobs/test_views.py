"""Every page and every address of the API: what it shows, and that another person's job does not exist."""

import pytest
from django.urls import reverse

from generation.jobs import demo, services
from generation.jobs.leases import Claim
from generation.jobs.models import Job

PAGES = ["jobs:detail", "jobs:progress", "jobs:picture", "api-job"]
CHANGES = ["jobs:cancel", "jobs:retry", "api-job-cancel"]


@pytest.fixture
def as_alice(client, alice):
    client.force_login(alice)
    return client


@pytest.fixture
def job(alice, enqueue):
    return enqueue(alice, total=200)


def end(job, claim):
    running = claim()
    assert running.pk == job.pk
    services.finish(Claim.of(running))


def text_of(response):
    return response.content.decode()


@pytest.mark.parametrize("name", PAGES)
def test_others_may_not_look(client, charlie, job, name):
    client.force_login(charlie)
    assert client.get(reverse(name, args=[job.pk])).status_code == 404


@pytest.mark.parametrize("name", CHANGES)
def test_others_may_not_touch(client, charlie, job, name):
    client.force_login(charlie)
    assert client.post(reverse(name, args=[job.pk])).status_code == 404
    job.refresh_from_db()
    assert job.state == "queued"


@pytest.mark.parametrize("name", [*PAGES, "jobs:list", "jobs:tray"])
def test_strangers_are_sent_to_sign_in(client, job, name):
    response = client.get(reverse(name, args=[] if name in ("jobs:list", "jobs:tray") else [job.pk]))
    assert response.status_code in (302, 401, 403)


def test_lists_show_only_ones_own(client, charlie, job):
    client.force_login(charlie)
    for address in ("jobs:list", "jobs:tray", "api-jobs"):
        assert str(job.pk) not in text_of(client.get(reverse(address)))


def test_list_has_pages_and_a_filter(as_alice, alice, enqueue, claim):
    jobs = [enqueue(alice) for _number in range(31)]
    first = as_alice.get(reverse("jobs:list"))
    assert len(first.context["jobs"]) == 30
    second = as_alice.get(f"{reverse('jobs:list')}?{first.context['next']}")
    assert [job.pk for job in second.context["jobs"]] == [jobs[0].pk]
    assert second.context["next"] == ""
    services.finish(Claim.of(claim()))
    done = as_alice.get(reverse("jobs:list"), {"state": "done"})
    assert len(done.context["jobs"]) == 1
    assert len(as_alice.get(reverse("jobs:list"), {"state": "asleep", "before": "x"}).context["jobs"]) == 30


def test_the_bar_asks_again_until_the_job_has_ended(as_alice, job, claim):
    address = reverse("jobs:progress", args=[job.pk])
    live = as_alice.get(address)
    assert f'hx-get="{address}"' in text_of(live)
    assert "HX-Trigger" not in live
    end(job, claim)
    ended = as_alice.get(address)
    assert "hx-get" not in text_of(ended)
    assert ended["HX-Trigger"] == "jobs-changed"


def test_a_row_of_the_list_follows_its_job(as_alice, job, claim):
    address = f"{reverse('jobs:progress', args=[job.pk])}?row"
    assert f'hx-get="{address}"' in text_of(as_alice.get(reverse("jobs:list")))
    assert "waiting" in text_of(as_alice.get(address))
    end(job, claim)
    ended = text_of(as_alice.get(address))
    assert "done" in ended
    assert "hx-get" not in ended


def test_the_page_of_a_job_follows_it(as_alice, job, claim):
    whole = as_alice.get(reverse("jobs:detail", args=[job.pk]))
    assert "hx-get" in text_of(whole)
    assert "Waiting, you are next" in text_of(whole)
    running = claim()
    Job.objects.filter(pk=job.pk).update(done=132, rate=2.72)
    part = text_of(as_alice.get(reverse("jobs:progress", args=[job.pk]), {"whole": ""}))
    assert "132 of 200, 25 s left" in part
    services.fail(Claim.of(running), "dark", "Too dark.")
    ended = text_of(as_alice.get(reverse("jobs:progress", args=[job.pk]), {"whole": ""}))
    assert "Too dark." in ended
    assert "Try again" in ended
    assert "hx-get" not in ended


def test_stop_and_try_again(as_alice, job):
    page = reverse("jobs:detail", args=[job.pk])
    assert as_alice.post(reverse("jobs:cancel", args=[job.pk])).url == page
    job.refresh_from_db()
    assert job.state == "cancelled"
    listed = reverse("jobs:list")
    assert as_alice.post(reverse("jobs:retry", args=[job.pk]), {"next": listed}).url == listed
    job.refresh_from_db()
    assert job.state == "queued"


def test_nobody_is_led_away(as_alice, job):
    answer = as_alice.post(reverse("jobs:cancel", args=[job.pk]), {"next": "https://example.com/"})
    assert answer.url == reverse("jobs:detail", args=[job.pk])


@pytest.mark.parametrize("name", ["jobs:cancel", "jobs:retry"])
def test_reading_changes_nothing(as_alice, job, name):
    assert as_alice.get(reverse(name, args=[job.pk])).status_code == 405


def test_tray_counts_what_is_live(as_alice, alice, enqueue, claim):
    jobs = [enqueue(alice) for _number in range(8)]
    end(jobs[0], claim)
    response = as_alice.get(reverse("jobs:tray"))
    assert 'data-running="7"' in text_of(response)
    assert [job.state for job in response.context["jobs"]] == ["queued"] * 6


def test_the_empty_page_says_what_to_do(as_alice):
    assert "Nothing has run yet" in text_of(as_alice.get(reverse("jobs:list")))


def test_demo_is_started_and_bounded(as_alice, alice):
    for _number in range(demo.AT_ONCE):
        assert as_alice.post(reverse("jobs:demo")).status_code == 302
    assert Job.objects.filter(owner=alice, kind="demo").count() == demo.AT_ONCE
    assert as_alice.post(reverse("jobs:demo")).status_code == 429


def test_api(as_alice, job, claim):
    listed = as_alice.get(reverse("api-jobs")).json()
    assert set(listed) == {"next", "previous", "results"}
    assert [entry["id"] for entry in listed["results"]] == [str(job.pk)]
    one = as_alice.get(reverse("api-job", args=[job.pk])).json()
    assert (one["state"], one["done"], one["total"], one["place"]) == ("queued", 0, 200, 0)
    claim()
    stopped = as_alice.post(reverse("api-job-cancel", args=[job.pk]))
    assert (stopped.status_code, stopped.json()["stopping"], stopped.json()["state"]) == (
        200,
        True,
        "running",
    )
    assert as_alice.post(reverse("api-job-cancel", args=[job.pk])).status_code == 200


def test_api_refuses_with_a_problem(client, charlie, job):
    client.force_login(charlie)
    answer = client.get(reverse("api-job", args=[job.pk]))
    assert answer["Content-Type"].startswith("application/problem+json")
    assert (answer.json()["status"], answer.json()["code"]) == (404, "not_found")


def test_admin_shows_stops_and_retries(client, operator, job):
    client.force_login(operator)
    address = reverse("admin:jobs_job_changelist")
    assert str(job.pk) in text_of(client.get(address))
    chosen = {"_selected_action": [str(job.pk)]}
    client.post(address, {"action": "stop_jobs", **chosen})
    job.refresh_from_db()
    assert job.state == "cancelled"
    shown = client.get(address, {"state": "cancelled", "q": "alice", "code": "stopped"})
    assert "stopped: Stopped, as you asked" in text_of(shown)
    client.post(address, {"action": "retry_jobs", **chosen})
    job.refresh_from_db()
    assert job.state == "queued"
    assert client.get(reverse("admin:jobs_job_change", args=[job.pk])).status_code == 200
    assert client.get(reverse("admin:jobs_job_delete", args=[job.pk])).status_code == 403
    assert client.get(reverse("admin:jobs_worker_changelist")).status_code == 200


def test_admin_shows_what_tells_an_operator_something(client, operator):
    client.force_login(operator)
    shown = text_of(client.get("/admin/"))
    assert "/admin/jobs/job/" in shown
    assert "/admin/django_q/" not in shown, "messages are nudges and no work"
    assert "img/mark" in text_of(client.get("/admin/jobs/job/"))
