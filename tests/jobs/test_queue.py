"""Nudges: cheap, never too many, seen whatever the clocks say."""

from datetime import UTC, datetime

from django_q.brokers.orm import ORM
from django_q.models import OrmQ

from generation.jobs import queue


def test_no_more_messages_than_workers(db, settings):
    settings.Q_CLUSTER = {"ALT_CLUSTERS": {"short": {"workers": 2}, "long": {"workers": 1}}}
    for _time in range(5):
        queue.nudge("short")
    queue.nudge("long")
    assert queue.waiting_messages("short") == 2
    assert queue.waiting_messages("long") == 1


def test_a_reader_whose_clock_is_behind_sees_the_message(db, monkeypatch):
    queue.nudge("short")
    monkeypatch.setattr("django_q.brokers.orm.timezone.now", lambda: datetime(2001, 1, 1, tzinfo=UTC))
    assert len(ORM(list_key="short").dequeue()) == 1
    assert queue.waiting_messages("short") == 0


def test_a_message_names_nothing_but_the_queue(db):
    queue.nudge("long")
    task = OrmQ.objects.get().task
    assert (task["func"], task["args"], task["kwargs"]) == (queue.RUN_NEXT, ("long",), {})
    assert task["timeout"] == -1
