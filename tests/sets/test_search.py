"""Searching sets: every alphabet without regard to case, whole tags, the same on SQLite and PostgreSQL."""

from datetime import UTC, datetime, timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.urls import reverse

from generation.sets import editing, histories, trash
from generation.sets.models import ImageSet

pytestmark = pytest.mark.django_db


@pytest.fixture
def sets(alice):
    """Sets whose names, notes and tags resemble each other."""
    said = [
        ("Ладони", "", ["palm"]),
        ("Hands", "для Ёлки", ["palm-old", "Правая"]),
        ("STRASSE 100%", "", ["тренировка 2"]),
        ("straße", "u04_1", []),
    ]
    for name, note, tags in said:
        ImageSet.objects.create(owner=alice, name=name, note=note, tags=tags)


def found(alice, **wanted):
    return [one.name for one in histories.page(alice, histories.Wanted.of({"sort": "old", **wanted})).sets]


@pytest.mark.parametrize(
    ("q", "names"),
    [
        ("ладони", ["Ладони"]),
        ("ЛАДОН", ["Ладони"]),
        ("ёлки", ["Hands"]),
        ("Е\u0308ЛКИ", ["Hands"]),
        ("правая", ["Hands"]),
        ("hands", ["Hands"]),
        ("straße", ["STRASSE 100%", "straße"]),
        ("100%", ["STRASSE 100%"]),
        ("ТРЕНИРОВКА", ["STRASSE 100%"]),
        ("palm", ["Ладони", "Hands"]),
        ("u04", ["straße"]),
        ("u04_", ["straße"]),
        ("u04%", []),
        ("_", ["straße"]),
        ("\\", []),
        ('"', []),
        ("[", []),
    ],
)
def test_text_is_found_in_every_alphabet_and_nothing_else_is(alice, sets, q, names):
    assert found(alice, q=q) == names


@pytest.mark.parametrize(
    ("tag", "names"),
    [
        ("palm", ["Ладони"]),
        ("palm-old", ["Hands"]),
        ("lm", []),
        ("правая", ["Hands"]),
        ("2", []),
        ("тренировка 2", ["STRASSE 100%"]),
        ("Ладони", []),
        ("%", []),
        ("palm\x1fpalm-old", []),
    ],
)
def test_a_tag_is_the_whole_of_it(alice, sets, tag, names):
    assert found(alice, tag=tag) == names


def test_words_follow_every_way_of_writing(alice):
    one, other = ImageSet.objects.bulk_create(
        [ImageSet(owner=alice, name="Один"), ImageSet(owner=alice, name="Другой")]
    )
    assert found(alice, q="один") == ["Один"]
    editing.change(by=alice, image_set=one, name="Первый", tags=["метка"])
    assert found(alice, q="первый") == found(alice, tag="метка") == ["Первый"]
    assert found(alice, q="один") == []
    assert ImageSet.objects.filter(name="Первый").update(name="Пятый", count=3) == 1
    assert found(alice, q="пятый") == ["Пятый"]
    other.note = "Заметка"
    other.save(update_fields=["note"])
    assert found(alice, q="заметка") == ["Другой"]
    other.tags = ["конец"]
    ImageSet.objects.bulk_update([other], ["tags"])
    assert found(alice, tag="конец") == ["Другой"]


def test_sets_from_before_are_searched_as_well(alice, sets):
    kept = dict(ImageSet.objects.values_list("pk", "words"))
    ImageSet.objects.update(words="")
    import_module("generation.sets.migrations.0007_sets_searched_by_words").fill(apps, None)
    assert dict(ImageSet.objects.values_list("pk", "words")) == kept


def test_by_quality_the_best_first_and_the_unmeasured_last(alice):
    ImageSet.objects.bulk_create(
        ImageSet(owner=alice, name=f"{n:02d}", quality={"kid": (37 * n % 30) / 1000} if n < 30 else {})
        for n in range(40)
    )
    ImageSet.objects.filter(name="39").update(quality={"kid": None})
    names, after = [], ""
    while True:
        wanted = histories.Wanted.of({"sort": "quality", "after": after})
        page = histories.page(alice, wanted)
        names += [one.name for one in page.sets]
        if not page.next:
            break
        after = page.next.partition("after=")[2].replace("%3A", ":")
    assert len(names) == 40
    assert names[:30] == sorted(names[:30], key=lambda name: 37 * int(name) % 30)
    assert set(names[30:]) == {f"{n}" for n in range(30, 40)}
    for made_up in ("x", f"{ImageSet.objects.first().pk}:nan", f"{ImageSet.objects.first().pk}:x"):
        assert (
            len(histories.page(alice, histories.Wanted.of({"sort": "quality", "after": made_up})).sets) == 25
        )


def test_the_trash_has_further_pages(client, alice):
    now = datetime.now(UTC)
    sets = ImageSet.objects.bulk_create(
        ImageSet(owner=alice, name=f"thrown {n}", deleted_at=now - timedelta(hours=n // 2)) for n in range(60)
    )
    client.force_login(alice)
    seen, address = set(), reverse("sets:trash")
    for _page in range(3):
        page = client.get(address)
        seen |= {row["set"].pk for row in page.context["rows"]}
        address = reverse("sets:trash") + page.context["next"]
    assert seen == {one.pk for one in sets}
    assert not page.context["next"]
    for after in ("x", f"{sets[0].pk}:x", f"{sets[0].pk}:2026-01-01", f"{sets[0].pk}:0001-01-01T00:00+00:00"):
        assert client.get(reverse("sets:trash"), {"after": after}).status_code == 200
    trash.restore_set(by=alice, image_set=sets[0])
    assert len(client.get(reverse("sets:trash")).context["rows"]) == histories.PAGE
