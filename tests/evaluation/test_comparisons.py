"""Sets side by side: measured at equal N, marked only where intervals part, seen only by who may see the sets."""

import csv
import io
import re
from dataclasses import replace

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation
from PIL import Image as Picture

from accounts.errors import InvalidInput
from generation.evaluation import (
    comparison_lines,
    comparison_pictures,
    drawing_sheet,
    pipeline,
    services,
    words,
)
from generation.evaluation.models import Bank, Comparison, Reference
from generation.sets import editing, storage, trash
from generation.sets.models import ImageSet, Share
from mlcore import images
from mlcore import reference as banks
from tests.evaluation.photographs import picture

pytestmark = [pytest.mark.django_db, pytest.mark.torch]


@pytest.mark.parametrize(
    ("intervals", "less", "marked"),
    [
        ([(1, 2), (3, 4)], True, [True, False]),
        ([(1, 2), (3, 4)], False, [False, True]),
        ([(1, 3), (2, 4)], True, [False, False]),
        ([(1, 2), (1.5, 2.5), (3, 4)], True, [True, True, False]),
        ([(1, 2), (1.5, 3.5), (3, 4)], True, [True, False, False]),
        ([(1, 2), None], True, [False, False]),
    ],
)
def test_better_is_marked_only_where_intervals_part(intervals, less, marked):
    assert comparison_lines.better(intervals, less=less) == marked


@pytest.fixture
def compared(palms, work, alice):
    """Two sets of one model, the second larger and of another seed."""

    def compare():
        image_sets = [palms(12), palms(15, seed=5)]
        comparison = services.compare(by=alice, image_sets=image_sets)
        work()
        comparison.refresh_from_db()
        return comparison

    return compare


@pytest.mark.slow
def test_two_sets_are_measured_at_the_same_number(compared):
    comparison = compared()
    assert comparison.is_done, comparison.text
    result = comparison.result
    assert (result["n"], [column["count"] for column in result["sets"]]) == (12, [12, 15])
    assert {column["report"]["n"] for column in result["sets"]} == {12}
    assert sum(result["sets"][1]["scores"]) == 15
    assert result["grid"] == []
    assert [(pair["a"], pair["b"]) for pair in result["pairs"]] == [(0, 1)]
    differs = {line["key"]: line["differs"] for line in result["recipe"]}
    assert differs["seed"] and not differs["model"]


@pytest.mark.slow
def test_the_page_the_table_and_who_may_see_them(client, compared, alice, bob, charlie):
    comparison = compared()
    page, body, table = (
        reverse(f"evaluation:{name}", args=[comparison.pk])
        for name in ("comparison", "comparison_body", "comparison_csv")
    )
    client.force_login(alice)
    text = client.get(page).content.decode()
    assert "real palms of palm-reference" in text and 'class="series series--2"' in text
    assert text.count("<img") == 16
    assert 'class="differs"' in text
    assert "share no seed and number" in text and "the same seed" not in text
    pair = comparison.result["pairs"][0]
    span = words.between(*map(words.thousandths, pair["kid_ci"]))
    assert text.count(f'<br><span class="quiet small nowrap">{span}</span>') == 2
    rows = list(csv.DictReader(io.StringIO(client.get(table).content.decode())))
    between = [row for row in rows if row["measure"] == "kid_between"]
    assert [(row["set"], row["other"]) for row in between] == [tuple(comparison.sets)]
    assert [float(between[0][key]) for key in ("value", "low", "high")] == [pair["kid"], *pair["kid_ci"]]
    kid = [row for row in rows if row["measure"] == "kid"]
    assert [row["set"] for row in kid] == comparison.sets
    assert float(kid[0]["low"]) <= float(kid[0]["value"]) <= float(kid[0]["high"])
    report = comparison.result["sets"][0]["report"]
    for row in rows:
        assert (row["reference"], row["n_ref"], row["seed"]) == ("palm-reference", "314", "0")
        assert row["reference_sha256"] == report["reference"]["sha256"]
        assert (row["extractor"], row["weights_sha256"]) == (report["extractor"], report["weights_sha256"])
    first, second = ImageSet.objects.filter(pk__in=comparison.sets)
    Share.objects.create(image_set=first, user=bob)
    for user in (bob, charlie):
        client.force_login(user)
        assert [client.get(where).status_code for where in (page, body, table)] == [404] * 3
    Share.objects.create(image_set=second, user=bob)
    client.force_login(bob)
    assert [client.get(where).status_code for where in (page, body, table)] == [200] * 3


def a_reference(owner, name, count=20, photos=0):
    """Real palms as their job leaves them: rows of what ships, so that networks agree."""
    ships = banks.load(settings.BASE_DIR / "mlcore" / "zoo" / "palm-reference.safetensors")
    part = replace(
        ships,
        header=replace(ships.header, n=count, name=name),
        features=ships.features[:count],
        groups=ships.groups[:count],
    )
    row = Reference.objects.create(
        owner=owner, name=name, content="c" * 64, n=count, request={"people": ""}, keeps_photos=bool(photos)
    )
    row.photos_folder.mkdir(parents=True)
    for number in range(photos):
        (row.photos_folder / f"{number:06d}.png").write_bytes(images.encode_png(picture(number)))
    banks.save(part, row.folder / "bank.safetensors")
    Bank.objects.create(
        reference=row,
        extractor=part.header.extractor,
        weights_sha256=part.header.weights_sha256,
        source="upload",
        file=f"{row.pk}/bank.safetensors",
        size=1,
        sha256="a" * 64,
    )
    return row


@pytest.mark.slow
def test_real_palms_stand_beside_sets(client, palms, work, alice, bob):
    image_set, hands = palms(12), a_reference(alice, "hands", photos=20)
    comparison = services.compare(by=alice, image_sets=[image_set], references=["hands"])
    work()
    comparison.refresh_from_db()
    assert comparison.is_done, comparison.text
    made, real = comparison.result["sets"]
    assert (made["kind"], real["kind"], real["count"]) == ("set", "reference", 20)
    assert real["report"]["n"] == 12 and real["report"]["kid"] < made["report"]["kid"]
    assert real["scores"] == []
    client.force_login(alice)
    page = client.get(reverse("evaluation:comparison", args=[comparison.pk])).content.decode()
    assert reverse("evaluation:reference_photo", args=[hands.pk, 0]) in page
    assert page.count("<img") == 16 and 'class="differs"' not in page
    drawing = client.get(reverse("evaluation:comparison_png", args=[comparison.pk]))
    assert drawing["Content-Type"] == "image/png" and "attachment" in drawing["Content-Disposition"]
    with Picture.open(io.BytesIO(drawing.content)) as shown:
        assert shown.format == "PNG" and shown.width == 2 * (64 + 190 + 2 * 176 + 96)
        assert image_set.name in shown.text["Title"] and "hands" in shown.text["Title"]
    Share.objects.create(image_set=image_set, user=bob)
    client.force_login(bob)
    for name in ("comparison", "comparison_body", "comparison_csv", "comparison_png"):
        assert client.get(reverse(f"evaluation:{name}", args=[comparison.pk])).status_code == 404


@pytest.mark.slow
def test_real_palms_are_compared_without_sets(client, work, alice):
    """Two that were added against the site's; or one of them and the site's, which is what it is measured against."""
    first, second = a_reference(alice, "first"), a_reference(alice, "second", count=30)
    client.force_login(alice)
    ships = Reference.objects.get(name="palm-reference")
    for chosen, columns_there in (([first, second], [first, second]), ([ships, second], [second])):
        answer = client.post(reverse("evaluation:compare"), {"references": [str(one.pk) for one in chosen]})
        work()
        made = Comparison.objects.latest("pk")
        assert made.is_done, made.text
        assert [column["id"] for column in made.result["sets"]] == [str(one.pk) for one in columns_there]
        assert len(made.result["pairs"]) == len(columns_there) - 1
        page = client.get(answer["Location"]).content.decode()
        assert ("How far the sets are" in page) == (len(columns_there) > 1) and "Recipes" not in page
        assert client.get(reverse("evaluation:comparison_png", args=[made.pk])).status_code == 200
        assert client.get(reverse("evaluation:comparison_csv", args=[made.pk])).status_code == 200


@pytest.mark.parametrize(
    ("key", "value", "russian"),
    [
        ("hand", "any", "Любая"),
        ("look", "any", "Любой"),
        ("min_probability", 0.5, "0,50"),
        ("seed", None, "–"),
    ],
)
def test_a_recipe_is_said_in_the_readers_language(key, value, russian):
    with translation.override("ru"):
        assert words.recipe_value(key, value) == russian


@pytest.mark.slow
def test_images_of_the_same_noise_stand_side_by_side(palms, alice):
    whole, other_seed = palms(12), palms(12, seed=5)
    part = editing.copy(by=alice, image_set=whole, images=whole.images.filter(index__gte=9))
    assert pipeline._grid([whole, part]) == [
        {"seed": 4711, "number": number, "indices": [number, number - 9]} for number in (9, 10, 11)
    ]
    again = editing.copy(by=alice, image_set=part, images=part.images.filter(index__gte=1))
    assert [row["indices"] for row in pipeline._grid([again, part, whole])] == [[0, 1, 10], [1, 2, 11]]
    assert pipeline._grid([whole, other_seed]) == pipeline._grid([part, other_seed]) == []
    storage.image_path(again, 0).write_bytes(b"a file that says nothing of itself")
    assert [row["indices"] for row in pipeline._grid([again, part])] == [[1, 2]]


@pytest.mark.slow
def test_rows_are_chosen_from_what_is_still_there(client, palms, work, alice):
    """Of images deleted since nothing is left but the word that the set has changed."""
    image_sets = [palms(30), palms(24)]
    comparison = services.compare(by=alice, image_sets=image_sets)
    work()
    client.force_login(alice)
    where = reverse("evaluation:comparison", args=[comparison.pk])
    before = client.get(where).content.decode()
    assert '<th scope="row" class="number">0</th>' in before and "now it has" not in before
    trash.delete_images(by=alice, image_set=image_sets[0], images=image_sets[0].images.filter(index__lt=10))
    page = client.get(where).content.decode()
    assert re.findall(r'<th scope="row" class="number">(\d+)</th>', page) == [str(n) for n in range(10, 18)]
    assert page.count("<img") == 16 and "<td>–</td>" not in page
    said = f"{image_sets[0].name}: compared when the set had 30 images; now it has 20."
    assert said in page and page.count("now it has") == 1
    # As many images, but others.
    comparison.refresh_from_db()
    assert comparison.result["sets"][0]["numbers"] == sum(range(30))
    comparison.result["sets"][0]["count"] = 20
    comparison.save()
    assert "compared when the set had other images" in client.get(where).content.decode()
    assert client.get(reverse("evaluation:comparison_png", args=[comparison.pk])).status_code == 200


@pytest.mark.slow
def test_rows_with_a_copy_are_those_of_the_worker_that_are_still_there(palms, alice):
    whole = palms(30)
    copy = editing.copy(by=alice, image_set=whole, images=whole.images.filter(index__gte=4))
    columns_there = [{"kind": "set", "id": str(one.pk)} for one in (whole, copy)]
    result = {"sets": columns_there, "grid": pipeline._grid([whole, copy])}
    here = {str(one.pk): one for one in (whole, copy)}
    whole.images.filter(index__lt=12).update(deleted_at="2026-01-01T00:00:00Z")
    rows = comparison_pictures.rows_now(result, here)
    assert [row["indices"] for row in rows] == [[number, number - 4] for number in range(12, 20)]
    assert rows == comparison_pictures.rows_now(result, {str(whole.pk): whole})


def test_rows_that_are_kept_are_taken_from_all_over(full_set, alice):
    found = pipeline._grid([full_set(alice, 200), full_set(alice, 190)])
    assert 8 < len(found) <= pipeline.GRID and found[-1]["number"] > 180


def test_a_comparison_of_old_claims_nothing_of_the_seed():
    assert comparison_pictures.aligned({"grid": [0, 1, 2]}) == []


@pytest.mark.slow
def test_real_palms_cannot_stand_beside_themselves_nor_alone(client, palms, alice, charlie):
    image_set = palms(12)
    a_reference(charlie, "theirs")
    for wish, refusal in (
        ({"references": ["palm-reference"]}, "cannot stand beside"),
        ({"references": ["theirs"]}, "There is no reference"),
        ({"references": []}, "you chose 1"),
        ({"references": ["palm-reference"], "image_sets": []}, "you chose 1"),
        ({"references": ["palm-reference"] * 2, "image_sets": []}, "you chose 1"),
    ):
        with pytest.raises(InvalidInput, match=refusal):
            services.compare(**{"by": alice, "image_sets": [image_set], **wish})
    a_reference(alice, "mine")
    client.force_login(alice)
    ships = Reference.objects.get(name="palm-reference")
    answer = client.post(
        reverse("evaluation:compare"), {"sets": [str(image_set.pk)], "references": [str(ships.pk)]}
    )
    assert answer.status_code == 200 and "cannot stand beside" in answer.content.decode()


def test_words_of_both_scripts_are_drawn_and_long_ones_cut():
    pieces = drawing_sheet.runs("Ладони palms №1", 14, False)
    assert [text for text, _font in pieces] == ["Ладони", " palms №1"]
    assert drawing_sheet.shortened("short", 14, False, 500) == "short"
    cut = drawing_sheet.shortened("a very long name of a set of palms", 14, True, 90)
    assert cut.endswith("…") and drawing_sheet.width_of(cut, 14, True) <= 90


@pytest.mark.slow
def test_choosing_on_the_page(client, palms, alice, charlie):
    image_sets = [palms(12), palms(12, seed=5)]
    ids = [str(one.pk) for one in reversed(image_sets)]
    where = reverse("evaluation:compare")
    client.force_login(alice)
    assert client.get(where, {"sets": ids}).content.decode().count("checked") == 2
    too_few = client.post(where, {"sets": ids[:1]})
    assert "Choose from 2 to 6 sets and references together; you chose 1." in too_few.content.decode()
    answer = client.post(where, {"sets": ids})
    made = Comparison.objects.get()
    assert answer["Location"] == reverse("evaluation:comparison", args=[made.pk])
    assert made.sets == ids
    assert 'hx-trigger="every 1s"' in client.get(answer["Location"]).content.decode()
    client.force_login(charlie)
    assert client.post(where, {"sets": ids}).status_code == 200
    assert Comparison.objects.count() == 1


def test_the_list_of_comparisons_costs_the_same_with_one_and_with_many(client, alice, full_set):
    names = ["left", "right"]
    keys = [str(full_set(alice, 1, name=name).pk) for name in names]
    client.force_login(alice)

    def queries(count):
        Comparison.objects.all().delete()
        Comparison.objects.bulk_create(Comparison(owner=alice, sets=keys, spec={}) for _ in range(count))
        with CaptureQueriesContext(connection) as seen:
            text = client.get(reverse("evaluation:compare")).content.decode()
        assert text.count("left · right") == count
        return len(seen)

    assert queries(1) == queries(15)


@pytest.mark.slow
def test_small_and_many_sets_are_refused(palms, alice):
    with pytest.raises(InvalidInput, match="has 3 images"):
        services.compare(by=alice, image_sets=[palms(12), palms(3)])
    with pytest.raises(InvalidInput, match="you chose 7"):
        services.compare(by=alice, image_sets=[palms(12)] * 7)


def test_a_name_that_looks_like_a_formula_is_made_harmless():
    report = {
        "kid": -0.5,
        "intervals": {"kid": [-1.0, 0.0]},
        "reference": {"sha256": "0" * 64},
        "extractor": "efficientnet-lite0",
        "weights_sha256": "1" * 64,
    }
    result = {"n": 10, "n_ref": 9, "real": None, "pairs": []}
    result["sets"] = [{"id": "a", "name": "=1+1", "report": report}]
    _head, row = comparison_lines.rows(result, {"reference": "ours", "seed": 0})
    assert row[2] == "'=1+1" and row[4] == "-0.5"
