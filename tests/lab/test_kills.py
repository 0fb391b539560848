"""SIGKILL at every stage of the lab's work, in real processes on both databases: done once, or failed and clean."""

import pytest

from tests.campaigns import lab_data
from tests.databases import serve_postgres
from tests.jobs.house import House, kill

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(1800)]

IMAGES = 300
WITHIN = 600  # of a machine that is busy with other things
MOST_KILLS = 12


class LabHouse(House):
    """A site whose lab halts where it is told to."""

    def kill_at(self, place, job):
        """Kill whoever comes to this place, once."""
        flag = self.folder / f"halt-{place}"
        flag.touch()
        said = flag.with_suffix(".pid")
        self.until(said.exists, WITHIN, [job])
        flag.unlink()
        kill(int(said.read_text()))
        said.unlink()

    def kill_all_at(self, place, job):
        """Kill whoever comes to this place until the job is given up: who came further than before counts anew."""
        flag = self.folder / f"halt-{place}"
        flag.touch()
        said = flag.with_suffix(".pid")
        for _kill in range(MOST_KILLS):
            self.until(lambda: said.exists() or self.has_ended(job), WITHIN, [job])
            if self.has_ended(job):
                break
            kill(int(said.read_text()))
            said.unlink()
        flag.unlink()

    def has_ended(self, job):
        """Whether nobody will try again."""
        return set(self.call("states", [job])) <= {"done", "failed", "cancelled"}

    def end_of(self, job):
        """The job once it has ended."""
        return self.ended(job, within=WITHIN)[job]


@pytest.fixture(scope="module")
def postgres():
    yield from serve_postgres()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def house(request, tmp_path_factory):
    url = "sqlite:///kills.sqlite3"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres").create("labkills")
    site = LabHouse(
        tmp_path_factory.mktemp(request.param),
        url,
        workers=1,
        driver="tests.lab.halting.driver",
        DJANGO_SETTINGS_MODULE="tests.lab.halting.settings",
        OMP_NUM_THREADS="1",
        # Of a busy machine: a worker that lives must not lose its lease for want of a turn.
        PALMSITE_LEASE_SECONDS="8",
    )
    try:
        site.start()
        site.until(lambda: site.workers("long"), WITHIN)
        yield site
    finally:
        site.stop()


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    path = tmp_path_factory.mktemp("archive") / "palms.zip"
    lab_data.archive(path, IMAGES)
    return str(path)


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    path = tmp_path_factory.mktemp("image") / "palm.jpg"
    path.write_bytes(next(lab_data.pictures(1, seed=7))[1])
    return str(path)


def assert_tidy(house, owner="alice"):
    """Nothing unfinished lies about, once a job that ended has swept, and the ledger says what is there."""
    house.until(
        lambda: not [name for name in house.call("files") if ".part" in name or name.endswith(".new")]
    )
    lab = house.call("lab", owner)
    assert (lab["bytes"], lab["uploads"]) == (lab["owed"], 0)
    return lab


def test_killed_at_every_stage_all_is_made_once(house, archive, image):
    job = house.call("dataset", "alice", "palms", archive)
    house.kill_at("reading", job)
    house.kill_at("looking", job)
    assert house.end_of(job)["state"] == "done"
    lab = assert_tidy(house)
    assert lab["datasets"] == {"palms": ["ready", "", IMAGES]}

    job = house.call("fit", "alice", "m", "palms")
    house.kill_at("features", job)
    house.kill_at("fitting", job)
    assert house.end_of(job)["state"] == "done"
    job = house.call("fit", "alice", "n", "palms")
    house.kill_at("writing", job)
    assert house.end_of(job)["state"] == "done"
    lab = assert_tidy(house)
    assert [fit[0] for fit in lab["fits"].values()] == ["ready", "ready"]
    assert lab["fits"]["m"][2] == lab["fits"]["n"][2]

    job = house.call("predict", "alice", "m", image)
    house.kill_at("asking", job)
    assert house.end_of(job)["state"] == "done"
    assert_tidy(house)
    house.call("clear", "alice")
    assert house.call("files") == []


@pytest.mark.parametrize("place", ["reading", "looking"])
def test_a_data_set_that_kills_every_worker_fails_with_a_reason_and_leaves_nothing(house, archive, place):
    job = house.call("dataset", "bob", "deadly", archive)
    house.kill_all_at(place, job)
    ended = house.end_of(job)
    assert (ended["state"], bool(ended["message"])) == ("failed", True)
    state, code, _images = house.call("lab", "bob")["datasets"]["deadly"]
    assert (state, code) == ("failed", ended["code"])
    assert assert_tidy(house, "bob")["bytes"] == 0
    assert house.call("files") == []
    house.call("clear", "bob")
    following = house.call("dataset", "charlie", "palms", archive)
    assert house.end_of(following)["state"] == "done"
    house.call("clear", "charlie")


def test_a_fit_that_kills_every_worker_fails_with_a_reason(house, archive):
    assert house.end_of(house.call("dataset", "bob", "palms", archive))["state"] == "done"
    job = house.call("fit", "bob", "deadly", "palms")
    house.kill_all_at("writing", job)
    assert house.end_of(job)["state"] == "failed"
    lab = assert_tidy(house, "bob")
    assert lab["fits"]["deadly"][0] == "failed"
    assert lab["fits"]["deadly"][1]
    assert house.end_of(house.call("fit", "bob", "again", "palms"))["state"] == "done"
    house.call("clear", "bob")
    assert house.call("files") == []
