"""Fetching against a stand-in for Kaggle on this machine: keys, redirects, resuming, hashes."""

import base64
import hashlib
import http.client
import http.server
import json
import re
import threading

import pytest

from mlcore import sources, terminal
from mlcore.__main__ import main
from mlcore.errors import OutputError
from mlcore.fetching import DownloadError, HashDiffers, Unreachable, fetch
from mlcore.sources import DATA_SETS, Key, KeyMissing, Weights

CONTENT = b"PK\x03\x04" + (bytes(range(256)) * 4096)[4:]  # 1 MiB that begins as an archive
KEY = Key("alice", "secret")


class StandIn(http.server.ThreadingHTTPServer):
    """Answers as Kaggle does: asks for the key, sends on to a store, serves ranges; can break off."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.content = CONTENT
        self.break_after = None
        self.tag = '"one"'
        self.told_md5 = None  # of what it sends, unless it is to lie
        self.seen = []

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_port}"


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def do_GET(self):
        server = self.server
        server.seen.append((self.path, dict(self.headers)))
        if self.path.startswith("/api/"):
            expected = "Basic " + base64.b64encode(b"alice:secret").decode()
            if self.headers.get("Authorization") != expected:
                return self.send_error(401)
            if "feyiamujo/human-palm-images" not in self.path:
                return self.send_error(404)
            self.send_response(302)
            self.send_header("Location", f"http://localhost:{server.server_port}/store/file")
            self.end_headers()
            return None
        if self.path == "/busy":
            return self.send_error(429)
        begin = 0
        found = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if found and self.headers.get("If-Range") == server.tag:
            begin = int(found.group(1))
            if begin >= len(server.content):
                return self.send_error(416)
        self.send_response(206 if begin else 200)
        self.send_header("Content-Length", str(len(server.content) - begin))
        if server.tag:
            self.send_header("ETag", server.tag)
        told = base64.b64encode((server.told_md5 or hashlib.md5(server.content)).digest()).decode()
        self.send_header("x-goog-hash", "crc32c=AAAAAA==")
        self.send_header("x-goog-hash", f"md5={told}")
        self.end_headers()
        end = len(server.content) if server.break_after is None else begin + server.break_after
        self.wfile.write(server.content[begin:end])
        self.close_connection = True
        return None


@pytest.fixture
def stand_in(socket_enabled):
    server = StandIn()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_data_set_comes_with_the_key_and_the_key_stays_home(stand_in, tmp_path):
    told = []
    path = sources.fetch_data_set(
        DATA_SETS["human-palm-images"],
        tmp_path,
        KEY,
        site=stand_in.address,
        progress=lambda *at: told.append(at),
    )
    assert path.name == "human-palm-images.zip"
    assert path.read_bytes() == CONTENT
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert "Authorization" not in stand_in.seen[-1][1]
    assert sorted(entry.name for entry in tmp_path.iterdir()) == [path.name, f"{path.name}.sha256"]


def test_what_broke_off_goes_on_where_it_stopped(stand_in, tmp_path):
    stand_in.break_after = 300_000
    with pytest.raises(DownloadError, match="300,000 bytes are kept"):
        fetch(f"{stand_in.address}/file", tmp_path / "file")
    assert not (tmp_path / "file").exists()
    stand_in.break_after = None
    digest = fetch(f"{stand_in.address}/file", tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert digest == hashlib.sha256(CONTENT).hexdigest()
    assert stand_in.seen[-1][1]["Range"] == "bytes=300000-"


def test_what_a_store_cannot_name_begins_anew_and_says_so(stand_in, tmp_path):
    stand_in.break_after, stand_in.tag = 300_000, ""
    with pytest.raises(DownloadError, match="the same command begins anew"):
        fetch(f"{stand_in.address}/file", tmp_path / "file")
    stand_in.break_after = None
    fetch(f"{stand_in.address}/file", tmp_path / "file")
    assert "Range" not in stand_in.seen[-1][1]
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_an_archive_that_is_not_what_its_store_says_is_thrown_away(stand_in, tmp_path):
    stand_in.told_md5 = hashlib.md5(b"another file")
    with pytest.raises(HashDiffers, match=r"has the MD5 .* It was thrown away"):
        sources.fetch_data_set(DATA_SETS["human-palm-images"], tmp_path, KEY, site=stand_in.address)
    assert list(tmp_path.iterdir()) == []


def test_a_page_in_an_archives_place_is_thrown_away_and_told(stand_in, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("KAGGLE_USERNAME", "alice")
    monkeypatch.setenv("KAGGLE_KEY", "secret")
    stand_in.content = b"<!DOCTYPE html><title>Log in</title>"
    words = ["download", "human-palm-images", "--out", str(tmp_path), "--site", stand_in.address]
    assert main(words) == 2
    told = capsys.readouterr().err
    assert "sent as human-palm-images.zip is no archive" in told and told.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
    stand_in.content = CONTENT
    assert main(words) == 0


def test_a_file_that_changed_meanwhile_is_not_glued_together(stand_in, tmp_path):
    stand_in.break_after = 300_000
    with pytest.raises(DownloadError):
        fetch(f"{stand_in.address}/file", tmp_path / "file")
    stand_in.break_after, stand_in.tag, stand_in.content = None, '"two"', CONTENT[::-1]
    fetch(f"{stand_in.address}/file", tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT[::-1]


def test_what_is_there_is_not_fetched_twice_unless_it_was_torn(stand_in, tmp_path):
    for _ in range(2):
        fetch(f"{stand_in.address}/file", tmp_path / "file")
    assert len(stand_in.seen) == 1
    (tmp_path / "file").write_bytes(CONTENT[:-5])
    fetch(f"{stand_in.address}/file", tmp_path / "file")
    assert len(stand_in.seen) == 2
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_weights_are_taken_from_a_path(stand_in, tmp_path, monkeypatch, capsys):
    given = tmp_path / "given.bin"
    given.write_bytes(CONTENT)
    weights = Weights("w", "w.pth", f"{stand_in.address}/file", hashlib.sha256(CONTENT).hexdigest(), "")
    monkeypatch.setitem(sources.WEIGHTS, "w", weights)
    words = ["download", "w", "--out", str(tmp_path / "out"), "--json"]
    assert main([*words, "--from", str(given)]) == 0
    path = tmp_path / "out" / "w.pth"
    assert json.loads(capsys.readouterr().out) == {"w": {"path": str(path), "bytes": len(CONTENT)}}
    assert path.read_bytes() == CONTENT == given.read_bytes()
    assert main(words) == 0
    assert stand_in.seen == [], "what was taken is not fetched again"
    given.write_bytes(CONTENT[:-1])
    assert main([*words, "--from", str(given)]) == 2
    assert path.read_bytes() == CONTENT


def test_weights_of_another_hash_are_thrown_away(stand_in, tmp_path):
    right = hashlib.sha256(CONTENT).hexdigest()
    weights = Weights("w", "w.pth", f"{stand_in.address}/file", right, "")
    assert sources.fetch_weights(weights, tmp_path).read_bytes() == CONTENT
    with pytest.raises(HashDiffers, match="thrown away"):
        fetch(f"{stand_in.address}/file", tmp_path / "other", sha256="0" * 64)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["w.pth", "w.pth.sha256"]


@pytest.mark.parametrize(
    ("name", "key", "words"),
    [
        ("human-palm-images", Key("alice", "wrong"), "refused the key"),
        ("palm-detection", KEY, "404"),
    ],
)
def test_refusals_say_what_to_do(stand_in, tmp_path, name, key, words):
    with pytest.raises(DownloadError, match=words):
        sources.fetch_data_set(DATA_SETS[name], tmp_path, key, site=stand_in.address)
    assert not list(tmp_path.iterdir())


def test_a_busy_site_and_no_network_are_told(stand_in, tmp_path):
    with pytest.raises(DownloadError, match="429"):
        fetch(f"{stand_in.address}/busy", tmp_path / "file")
    with pytest.raises(DownloadError, match="could not be reached"):
        fetch("http://127.0.0.1:9/file", tmp_path / "file")


def test_what_fails_on_this_disk_is_not_told_as_the_network(stand_in, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "half.partial").mkdir()
    (tmp_path / "plain").touch()
    for place, reason in (
        ("folder", "folder cannot be written here: Is a directory"),
        ("half", "half.partial cannot be written here: Is a directory"),
        ("plain/file", "plain cannot be written here: File exists"),
    ):
        with pytest.raises(OutputError, match=reason) as told:
            fetch(f"{stand_in.address}/file", tmp_path / place)
        assert "network" not in str(told.value)


def test_a_full_disk_is_told_as_one(stand_in, tmp_path):
    (tmp_path / "file.partial").symlink_to("/dev/full")
    with pytest.raises(OutputError, match=r"file\.partial cannot be written here: No space left on device"):
        fetch(f"{stand_in.address}/file", tmp_path / "file")


def test_a_line_that_breaks_between_two_bytes_is_the_networks(stand_in, tmp_path, monkeypatch):
    def broken(*args):
        raise ConnectionResetError(104, "Connection reset by peer")

    monkeypatch.setattr(http.client.HTTPResponse, "read", broken)
    with pytest.raises(Unreachable, match=r"could not be reached: .*Connection reset by peer"):
        fetch(f"{stand_in.address}/file", tmp_path / "file")


def test_keys_are_read_and_missing_ones_explained(tmp_path):
    path = tmp_path / "kaggle.json"
    with pytest.raises(KeyMissing, match=r"kaggle\.com"):
        sources.read_key(path)
    path.write_text(json.dumps({"username": "alice", "key": "secret"}))
    assert sources.read_key(path) == KEY
    path.write_text("{}")
    with pytest.raises(KeyMissing, match="no Kaggle key file"):
        sources.read_key(path)
    assert Key("", "token").header() == "Bearer token"


def test_the_command_fetches_and_a_second_time_does_not(stand_in, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("KAGGLE_USERNAME", "alice")
    monkeypatch.setenv("KAGGLE_KEY", "secret")
    words = ["download", "human-palm-images", "--out", str(tmp_path), "--site", stand_in.address, "--json"]
    assert main(words) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["human-palm-images"]["bytes"] == len(CONTENT)
    assert main(words) == 0
    assert sum(path == "/store/file" for path, _ in stand_in.seen) == 1


def test_a_refused_set_keeps_no_other_from_coming(stand_in, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("KAGGLE_USERNAME", "alice")
    monkeypatch.setenv("KAGGLE_KEY", "secret")
    assert (
        main(["download", "palm-detection", "all", "--out", str(tmp_path), "--site", stand_in.address]) == 2
    )
    told = capsys.readouterr()
    assert (tmp_path / "human-palm-images.zip").read_bytes() == CONTENT and "human-palm" in told.out
    assert "2 of 3 were not fetched. palm-detection: 127.0.0.1" in told.err
    assert "hands-and-palms: 127.0.0.1" in told.err
    assert main(["download", "palm-detection", "--out", str(tmp_path), "--site", stand_in.address]) == 2
    assert "mlcore download: 127.0.0.1" in capsys.readouterr().err


def test_the_progress_of_a_download_is_in_its_own_unit(stand_in, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("KAGGLE_USERNAME", "alice")
    monkeypatch.setenv("KAGGLE_KEY", "secret")
    monkeypatch.setattr(terminal, "LINE_EVERY", 0.0)
    assert main(["download", "human-palm-images", "--out", str(tmp_path), "--site", stand_in.address]) == 0
    assert re.search(r"KiB 1,024 of 1,024  [\d.]+ KiB/s", capsys.readouterr().err)


def test_the_command_explains_itself(tmp_path, capsys, monkeypatch):
    monkeypatch.delenv("KAGGLE_KEY", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert main(["download", "--list"]) == 0
    assert "human-palm-images" in capsys.readouterr().out
    for words in (["download", "--list", "--json"], ["download", "--json"]):
        assert main(words) == 0
        told = json.loads(capsys.readouterr().out)
        assert told["data_sets"]["human-palm-images"]["terms"] == "CC BY 4.0, as stated there"
        assert told["weights"]["inception"]["sha256"].startswith("6726825d")
    assert main(["download", "nothing"]) == 2
    assert "There are: human-palm-images" in capsys.readouterr().err
    assert main(["download", "all", "--out", str(tmp_path)]) == 2
    assert "--key FILE" in capsys.readouterr().err
