"""References that people add: made by the real handler, photographs gone, refusals listed, others shut out."""

import pytest
from django.conf import settings as site
from django.urls import reverse

from accounts import ledger
from accounts.errors import Conflict, InvalidInput, NotFound
from accounts.models import AuditEvent
from generation.evaluation import (
    adding,
    extractors,
    limits,
    personal_data,
    reference_cards,
    references,
    selectors,
    services,
)
from generation.evaluation.models import Bank, Reference
from generation.jobs import services as jobs
from generation.jobs.models import Job
from generation.uploads import refusals
from generation.uploads.models import Upload
from mlcore import reference as banks
from tests.evaluation.photographs import archive, palms, uploaded

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.torch]


@pytest.fixture(autouse=True)
def one_network(monkeypatch):
    """One network is enough to see what happens with each."""
    monkeypatch.setattr(extractors, "here", lambda: [extractors.get("efficientnet-lite0")])


@pytest.fixture
def added(work, alice):
    """Alice's reference, made by a worker."""

    def make(files=None, by=alice, **wishes):
        data = archive(palms() if files is None else files)
        wishes = {"name": "mine", "already_cut": True, **wishes}
        made = adding.add(by=by, upload=uploaded(by, data).pk, **wishes)
        work()
        made.refresh_from_db()
        return made

    return make


def left_in(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file()) if folder.exists() else []


def test_features_are_kept_and_photographs_are_not(added, alice):
    made = added(terms="ours, for tests")
    assert (made.state, made.n, made.keeps_photos, made.text) == ("ready", 24, False, "")
    assert left_in(made.folder) == ["efficientnet-lite0.safetensors"]
    assert not Upload.objects.exists() and left_in(site.MEDIA_ROOT / "uploads") == []
    assert left_in(made.folder.parent) == ["efficientnet-lite0.safetensors"]
    bank = made.banks.get()
    assert bank.path.is_file() and bank.sha256 == references.sha256_of(bank.path)
    assert banks.load(bank.path).header.n == 24
    assert made.lineage == [{"source": "palms.zip", "images": 24, "terms": "ours, for tests"}]
    used = ledger.usage(alice)
    assert (used["references"].used, used["references"].size) == (1, made.size)
    assert used["uploads"].size == 0
    assert selectors.photos_of(made, by=alice) == []


def test_hands_are_added_as_hands(added, client, alice):
    made = added(subject="hand")
    assert (made.state, made.subject) == ("ready", "hand")
    assert banks.load(made.banks.get().path).header.subject == "hand"
    client.force_login(alice)
    assert "24 hands" in client.get(reverse("evaluation:references")).content.decode()
    with pytest.raises(InvalidInput, match="Say what is shown: palm, hand"):
        added(subject="foot", name="feet")


def test_a_set_can_be_measured_against_it(added, palms_of_a_set, measured):
    made = added()
    evaluation = measured(palms_of_a_set, reference=str(made.pk))
    assert evaluation.is_done, evaluation.text
    assert (evaluation.reference_name, evaluation.result["n_ref"]) == ("mine", 24)
    assert evaluation.result["real"]["way"] == "halves"
    # Sets are sorted by their headline: a distance from other real ones is none.
    palms_of_a_set.refresh_from_db()
    assert palms_of_a_set.quality == {}


@pytest.fixture
def palms_of_a_set(palms):
    return palms(12)


def test_kept_palms_are_offered_and_others_get_none(added, alice, charlie, client):
    made = added(keep_photos=True)
    photos = selectors.photos_of(made, by=alice)
    assert [path.name for path in photos][:2] == ["000000.png", "000001.png"] and len(photos) == 24
    assert selectors.photos_of(made.pk, by=alice) == photos
    assert list(selectors.references_with_photos(alice)) == [made]
    with pytest.raises(NotFound):
        selectors.photos_of(made, by=charlie)
    address = reverse("evaluation:reference_photo", args=[made.pk, 3])
    client.force_login(alice)
    shown = client.get(address)
    assert shown["Content-Type"] == "image/png" and shown.getvalue() == photos[3].read_bytes()
    shown.close()
    assert client.get(reverse("evaluation:reference_photo", args=[made.pk, 99])).status_code == 404
    client.force_login(charlie)
    assert client.get(address).status_code == 404


def test_what_was_refused_is_listed_with_its_reason(added, client, alice):
    made = added(
        {**palms(), "palms/broken.jpg": b"no picture", "again.png": palms(1)["palms/0.png"], "x.txt": b"-"}
    )
    assert made.report["reasons"] == {"broken": 1, "duplicate": 1, "kind": 1}
    assert [one["file"] for one in made.report["refused"]] == ["palms/broken.jpg", "again.png", "x.txt"]
    client.force_login(alice)
    page = client.get(reverse("evaluation:reference", args=[made.pk])).content.decode()
    assert "3 of 27 files were refused" in page and "palms/broken.jpg" in page
    twin = made.report["refused"][1]
    assert twin["facts"] == {"twin": "0.png"} and reference_cards.detail_words(twin) == "of 0.png"
    assert reference_cards.detail_words(made.report["refused"][0]) == "", "the reason stands beside it"


def test_too_few_palms_fail_with_the_list_and_nothing_is_left(added, alice):
    made = added({**palms(3), "broken.jpg": b"no picture"})
    assert (made.state, made.code) == ("failed", "too_few_palms")
    assert made.text.startswith("3 of 4 files could be used, and a reference needs 20")
    assert made.report["reasons"] == {"broken": 1}
    assert left_in(site.MEDIA_ROOT / "references") == [] and not Upload.objects.exists()
    assert ledger.usage(alice)["bytes"].used == 0


def test_too_few_good_palms_are_told_without_a_list(added):
    made = added({**palms(3), "__MACOSX/palms/0.png": b"-", ".DS_Store": b"-"})
    assert made.text == (
        "All photographs could be used, 3 in all, and a reference needs 20 at least. Add photographs and try again."
    )
    assert made.report["refused"] == []


@pytest.mark.parametrize(
    ("files", "reason", "text"),
    [
        ({".DS_Store": b"-"}, "NoPhotographs", "There is no photograph in it."),
        ({"a.zip": archive({"b": b"c"})}, "NestedRefused", "a.zip is an archive inside the archive."),
    ],
)
def test_an_archive_that_cannot_be_taken_says_why_for_every_reader(added, files, reason, text):
    made = added(files)
    assert (made.state, made.code, made.message) == ("failed", "archive_refused", refusals.WORDS[reason])
    assert made.text.startswith(text)


def test_without_a_palm_in_any_photograph_each_is_listed(added):
    made = added({f"{n}.png": data for n, data in enumerate(palms(2).values())}, already_cut=False)
    assert (made.state, made.code) == ("failed", "too_few_palms")
    assert made.report["reasons"] == {"no palm": 2}


def test_people_by_folder_and_by_table(added):
    made = added(palms(24, "all/person {0}/{0}.png"), people="folders")
    assert made.report["people"] == 24
    table = "file,person\n" + "\n".join(f"{n}.png,{n // 4}" for n in range(20))
    made = added({**palms(), "people.csv": table.encode()}, people="table", name="other")
    assert made.report["people"] == 5
    found = banks.load(made.banks.get().path).groups.tolist()
    assert found[:8] == [0] * 4 + [1] * 4 and len(set(found)) == 5 + 4
    made = added(people="table", name="third")
    assert made.message == refusals.WORDS["NoTable"]


def test_a_file_that_is_no_archive_is_told_without_its_place(work, alice):
    made = adding.add(by=alice, upload=uploaded(alice, b"hello there").pk, name="mine", already_cut=True)
    work()
    made.refresh_from_db()
    assert made.text == "This is no zip, tar or tar.gz archive. Pack the images as a zip."


@pytest.mark.parametrize(
    ("refused", "words"),
    [
        ({"reason": "tiny", "facts": {"found": 12, "least": 64}}, "12 pixels, at least 64 are needed"),
        ({"reason": "blurred", "facts": {"found": 3, "least": 9}}, "sharpness 3, at least 9 is needed"),
        ({"reason": "no palm", "facts": {}}, ""),
        ({"reason": "tiny", "detail": "12 px, at least 64 are needed"}, "12 px, at least 64 are needed"),
    ],
)
def test_numbers_of_a_refusal_are_said_for_people(refused, words):
    assert reference_cards.detail_words(refused) == words


def test_deleting_removes_rows_files_and_charge(added, alice, charlie, client):
    made = added(keep_photos=True)
    client.force_login(charlie)
    assert client.post(reverse("evaluation:reference_delete", args=[made.pk])).status_code == 404
    client.force_login(alice)
    assert client.post(reverse("evaluation:reference_delete", args=[made.pk])).status_code == 302
    assert not Bank.objects.filter(source="upload").exists() and left_in(made.folder) == []
    assert ledger.usage(alice)["bytes"].used == 0


def test_deleting_while_it_waits_stops_the_job(alice, work):
    made = adding.add(by=alice, upload=uploaded(alice, archive(palms(2))).pk)
    assert made.name == "palms"
    adding.delete(by=alice, reference=made)
    work()
    assert Job.objects.get().state == "cancelled"
    assert not Upload.objects.exists() and not Reference.objects.filter(owner=alice).exists()


def test_stopping_deletes_the_photographs(alice, work):
    made = adding.add(by=alice, upload=uploaded(alice, archive(palms(2))).pk)
    jobs.cancel(by=alice, job=made.job)
    made.refresh_from_db()
    assert (made.state, "were deleted" in made.text) == ("failed", True)
    assert not Upload.objects.exists()


def test_stopping_leaves_an_operators_folder_and_says_so(operator, settings):
    folder = settings.PALMSITE_DATA / "photos" / "hands"
    folder.mkdir(parents=True)
    (folder / "one.png").write_bytes(palms(1, "{}.png")["0.png"])
    made = adding.add(by=operator, folder="hands", for_everybody=True)
    jobs.cancel(by=operator, job=made.job)
    made.refresh_from_db()
    assert (made.state, "stay in their folder" in made.text) == ("failed", True)
    assert left_in(folder) == ["one.png"]


def test_the_quota_counts_before_anything_is_kept(added, alice, settings):
    settings.PALMSITE_QUOTAS = {**settings.PALMSITE_QUOTAS, "stored_bytes": 700_000}
    made = added(keep_photos=True)
    assert (made.state, made.code) == ("failed", "over_quota_bytes")
    assert left_in(made.folder.parent) == []
    assert ledger.usage(alice)["bytes"].used == 0


def test_names_and_numbers_are_refused_by_field(alice, monkeypatch, settings):
    for wish, field in (
        ({"name": "x" * 81}, "name"),
        ({"people": "all"}, "people"),
        ({"for_everybody": True}, "for_everybody"),
    ):
        with pytest.raises(InvalidInput) as refused:
            adding.add(by=alice, upload=uploaded(alice, archive(palms(1))).pk, **wish)
        assert set(refused.value.fields) == {field}
    with pytest.raises(InvalidInput):
        adding.add(by=alice)
    adding.add(by=alice, name="a", upload=uploaded(alice, archive(palms(1))).pk)
    with pytest.raises(InvalidInput, match="already"):
        adding.add(by=alice, name="a", upload=uploaded(alice, archive(palms(1))).pk)
    monkeypatch.setattr(limits, "MOST_ADDED", 1)
    with pytest.raises(Conflict, match="as many as may be"):
        adding.add(by=alice, name="b", upload=uploaded(alice, archive(palms(1))).pk)


def test_an_administrator_adds_for_everybody_from_a_folder_that_stays(operator, alice, work, settings):
    folder = settings.PALMSITE_DATA / "photos" / "hands"
    folder.mkdir(parents=True)
    for name, data in palms(22, "{}.png").items():
        (folder / name).write_bytes(data)
    with pytest.raises(InvalidInput):
        adding.add(by=operator, folder="../photos")
    made = adding.add(by=operator, folder="hands", for_everybody=True, already_cut=True)
    assert not selectors.references_to_list(alice).filter(pk=made.pk).exists()
    with pytest.raises(NotFound):
        selectors.reference_for(alice, made.pk)
    work()
    made.refresh_from_db()
    assert selectors.reference_named(alice, "hands").n == 22
    assert len(left_in(folder)) == 22
    references.sync()
    assert selectors.reference_for(alice, made.pk).banks.count() == 1
    with pytest.raises(Conflict, match="belongs to the site"):
        adding.delete(by=alice, reference=made)
    adding.delete(by=operator, reference=made)
    assert not Reference.objects.filter(pk=made.pk).exists()
    with pytest.raises(Conflict):
        adding.delete(by=operator, reference=Reference.objects.get(name="palm-reference"))


def test_networks_that_come_later_measure_what_was_kept(added, alice, monkeypatch, work):
    made, other = added(keep_photos=True), added(name="not kept")
    both = [extractors.get("efficientnet-lite0"), extractors.get("efficientnet-lite2")]
    monkeypatch.setattr(extractors, "here", lambda: both)
    with pytest.raises(Conflict):
        adding.measure_anew(by=alice, reference=other)
    adding.measure_anew(by=alice, reference=made)
    work()
    made.refresh_from_db()
    one, two = (banks.load(bank.path) for bank in made.banks.all())
    assert (one.header.extractor, two.header.extractor) == ("efficientnet-lite0", "efficientnet-lite2")
    assert one.groups.tolist() == two.groups.tolist() and one.header.content == two.header.content
    assert ledger.usage(alice)["references"].size == made.size + other.size
    with pytest.raises(Conflict):
        adding.measure_anew(by=alice, reference=made)


def test_hands_that_are_added_are_measured_in_every_network(added, monkeypatch):
    both = [extractors.get("efficientnet-lite0"), extractors.get("efficientnet-lite2")]
    monkeypatch.setattr(extractors, "here", lambda: both)
    made = added(subject="hand")
    assert [bank.extractor for bank in made.banks.order_by("extractor")] == [one.name for one in both]


def test_measuring_anew_that_fails_says_so_on_the_page(added, alice, monkeypatch, work, client):
    made = added(keep_photos=True)
    both = [extractors.get("efficientnet-lite0"), extractors.get("efficientnet-lite2")]
    monkeypatch.setattr(extractors, "here", lambda: both)
    (made.photos_folder / "000003.png").unlink()
    adding.measure_anew(by=alice, reference=made)
    work()
    client.force_login(alice)
    page = client.get(reverse("evaluation:reference", args=[made.pk])).content.decode()
    assert "Only 23 of the reference&#x27;s 24 photographs are left" in page
    assert "Measure with them" in page, "and it can be tried again"


@pytest.mark.parametrize("how", ["one", "selection"])
def test_what_an_administrator_deletes_of_others_stands_in_the_log(operator, alice, client, how):
    made = Reference.objects.create(
        owner=alice, name="hands", content="", state="failed", request={"folder": "x"}
    )
    client.force_login(operator)
    where = "/admin/evaluation/reference/"
    if how == "one":
        client.post(f"{where}{made.pk}/delete/", {"post": "yes"})
    else:
        client.post(where, {"action": "delete_selected", "_selected_action": [made.pk], "post": "yes"})
    assert not Reference.objects.filter(pk=made.pk).exists()
    event = AuditEvent.objects.get(action="reference.delete")
    assert (event.by, event.target) == (operator, f"reference:{made.pk}")


def test_a_failed_one_of_the_site_stays_in_the_list_of_administrators(operator, alice):
    failed = {"name": "hands", "state": "failed", "code": "lost", "request": {"folder": "hands"}}
    made = Reference.objects.create(content="", job=None, **failed)
    assert made in selectors.references_to_list(operator)
    assert made not in selectors.references_to_list(alice)


def test_the_page_of_a_new_one_with_and_without_script(client, alice, charlie, work):
    client.force_login(alice)
    where = reverse("evaluation:reference_new")
    page = client.get(where).content.decode()
    assert 'data-purpose="reference-photos"' in page and "for_everybody" not in page
    assert client.post(where, {"name": "x"}).status_code == 400
    upload = uploaded(alice, archive(palms()))
    again = client.post(where, {"name": "x" * 90, "upload": str(upload.pk)})
    assert again.status_code == 400 and f'name="upload" value="{upload.pk}"' in again.content.decode()
    answer = client.post(where, {"upload": str(upload.pk), "people": "unknown", "already_cut": "on"})
    made = Reference.objects.get(owner=alice)
    assert answer["Location"] == reverse("evaluation:reference", args=[made.pk])
    assert 'hx-trigger="every 1s"' in client.get(answer["Location"]).content.decode()
    work()
    body = client.get(reverse("evaluation:reference_body", args=[made.pk]))
    assert body["HX-Trigger"] == "jobs-changed" and "every 1s" not in body.content.decode()
    assert "yours" in client.get(reverse("evaluation:references")).content.decode()
    client.force_login(charlie)
    for name in ("reference", "reference_body"):
        assert client.get(reverse(f"evaluation:{name}", args=[made.pk])).status_code == 404
    assert ">palms<" not in client.get(reverse("evaluation:references")).content.decode()


def test_the_api_from_upload_to_delete(client, alice, charlie, work):
    client.force_login(alice)
    upload = uploaded(alice, archive({**palms(), "broken.png": b"-"}))
    answer = client.post(
        "/api/v1/references",
        {"name": "by api", "upload": str(upload.pk), "already_cut": True},
        content_type="application/json",
    )
    assert answer.status_code == 202 and answer.json()["state"] == "waiting"
    work()
    where = answer["Location"]
    found = client.get(where).json()
    assert (found["state"], found["n"], found["report"]["reasons"]) == ("ready", 24, {"broken": 1})
    assert found["extractors"] == ["efficientnet-lite0"]
    client.force_login(charlie)
    assert client.get(where).status_code == client.delete(where).status_code == 404
    names = [one["name"] for one in client.get("/api/v1/references").json()["results"]]
    assert "palm-reference" in names and "by api" not in names
    client.force_login(alice)
    assert client.delete(where).status_code == 204
    assert client.get(where).status_code == 404


def test_leaving_takes_along_and_removes(added, alice):
    made = added(keep_photos=True)
    taken = [name for name, _content in personal_data.export(alice) if name.startswith("references/")]
    assert len(taken) == 25
    assert f"references/{made.pk}/" in set(personal_data.owned())
    personal_data.erase(alice)
    assert not Reference.objects.filter(owner=alice).exists() and left_in(made.folder) == []


def test_evaluations_keep_its_name_when_it_goes(added, palms_of_a_set, measured, alice):
    made = added()
    evaluation = measured(palms_of_a_set, reference="mine")
    adding.delete(by=alice, reference=made)
    evaluation.refresh_from_db()
    assert (evaluation.reference, evaluation.reference_name) == (None, "mine")
    with pytest.raises(InvalidInput):
        services.evaluate(by=alice, image_set=palms_of_a_set, reference="mine")
