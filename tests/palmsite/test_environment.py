"""Each variable that cannot be used ends the program with one line that says which, and what would do."""

import stat

import pytest

from palmsite import environment
from palmsite.environment import Environment, EnvironmentProblem


def test_empty_counts_as_not_set():
    assert Environment({"NAME": "  "}).text("NAME", "default", "") == "default"


@pytest.mark.parametrize(("value", "expected"), [("1", True), ("TRUE", True), ("off", False), ("", False)])
def test_flag_reads_yes_and_no(value, expected):
    assert Environment({"FLAG": value}).flag("FLAG", "0", "") is expected


@pytest.mark.parametrize(
    ("read", "message"),
    [
        (lambda e: e.flag("X", "0", ""), "X: 'maybe' is neither 1 nor 0. Write 1 for yes, 0 for no."),
        (lambda e: e.number("X", "1", "", least=1, most=9), "X: 'maybe' is not a whole number."),
        (lambda e: e.choice("X", "a", "", choices=("a", "b")), "X: 'maybe' is not one of a, b."),
    ],
)
def test_what_cannot_be_used_is_named(read, message):
    with pytest.raises(EnvironmentProblem) as caught:
        read(Environment({"X": "maybe"}))
    assert str(caught.value) == message


@pytest.mark.parametrize("value", ["0", "10"])
def test_number_outside_its_limits_names_them(value):
    with pytest.raises(EnvironmentProblem, match=f"X: {value} is not between 1 and 9"):
        Environment({"X": value}).number("X", "1", "", least=1, most=9)


def test_relative_folder_starts_at_the_base(tmp_path):
    assert Environment({"X": "here"}).folder("X", "", "", base=tmp_path) == tmp_path / "here"


def test_folder_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "here").write_text("")
    with pytest.raises(EnvironmentProblem, match="is a file"):
        Environment({"X": "here"}).folder("X", "", "", base=tmp_path)


def test_misspelt_name_gets_a_hint():
    values = Environment({"PALMSITE_SINGUP": "off"})
    values.text("PALMSITE_SIGNUP", "approval", "")
    with pytest.raises(EnvironmentProblem, match="Did you mean PALMSITE_SIGNUP"):
        values.refuse_unknown("PALMSITE_")
    values.refuse_unknown("PALMSITE_", of_others={"PALMSITE_SINGUP"})


def test_database_of_another_kind_is_named(tmp_path):
    with pytest.raises(EnvironmentProblem, match=r"DATABASE_URL: 'postgre' is not one of sqlite, postgres"):
        environment.database("postgre://localhost/x", base=tmp_path)


@pytest.mark.parametrize("url", ["postgres://localhost", "postgres://localhost/"])
def test_database_without_a_name_is_refused(url, tmp_path):
    with pytest.raises(EnvironmentProblem, match="name of the database is missing"):
        environment.database(url, base=tmp_path)


def test_database_with_a_wrong_port_is_refused(tmp_path):
    with pytest.raises(EnvironmentProblem, match=r"DATABASE_URL: Port"):
        environment.database("postgres://localhost:many/x", base=tmp_path)


def test_postgres_address_is_read_with_its_escapes(tmp_path):
    found = environment.database("postgres://me:a%2Fb@host:5433/palm%20s?sslmode=require", base=tmp_path)
    assert (found["USER"], found["PASSWORD"], found["HOST"], found["PORT"]) == ("me", "a/b", "host", "5433")
    assert found["NAME"] == "palm s"
    assert found["OPTIONS"] == {"sslmode": "require"}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("sqlite:///x.db", "base/x.db"),
        ("sqlite:////deep/x.db", "/deep/x.db"),
        ("sqlite://", "base/palmsite.sqlite3"),
    ],
)
def test_sqlite_path_starts_at_the_data_folder(url, expected, tmp_path):
    expected = (
        expected.replace("base", str(tmp_path / "base"), 1) if expected.startswith("base") else expected
    )
    found = environment.database(url, base=tmp_path / "base")
    assert found["NAME"] == expected
    assert found["OPTIONS"]["transaction_mode"] == "IMMEDIATE"


@pytest.mark.parametrize(
    ("url", "port", "ssl", "tls"),
    [
        ("smtp://h", 25, False, False),
        ("smtps://h", 465, True, False),
        ("smtp+tls://u:p@h:2525", 2525, False, True),
    ],
)
def test_mail_address_is_read(url, port, ssl, tls):
    found = environment.mail(url)
    assert (found["EMAIL_PORT"], found["EMAIL_USE_SSL"], found["EMAIL_USE_TLS"]) == (port, ssl, tls)


@pytest.mark.parametrize("url", ["mailto:me", "smtp://", "smtp://h:x"])
def test_mail_address_that_cannot_be_used_is_named(url):
    with pytest.raises(EnvironmentProblem, match="PALMSITE_MAIL_URL: "):
        environment.mail(url)


def test_secret_key_is_made_once_and_only_its_owner_reads_it(tmp_path):
    path = tmp_path / "new" / "secret_key"
    key = environment.secret_key(path)
    assert len(key) > 50
    assert environment.secret_key(path) == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700, "the database will lie there"
    assert [found.name for found in path.parent.iterdir()] == ["secret_key"]


def test_secret_key_that_others_could_read_is_closed(tmp_path):
    path = tmp_path / "secret_key"
    key = environment.secret_key(path)
    path.chmod(0o644)
    assert environment.secret_key(path) == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_first_of_two_processes_makes_the_key(tmp_path, monkeypatch):
    path = tmp_path / "secret_key"
    environment.secret_key(path)
    first = path.read_text()
    environment._make_secret_key(path)
    assert path.read_text() == first


def test_short_secret_key_is_refused(tmp_path):
    (tmp_path / "secret_key").write_text("short\n")
    with pytest.raises(EnvironmentProblem, match="too short"):
        environment.secret_key(tmp_path / "secret_key")


def test_data_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(EnvironmentProblem, match="PALMSITE_DATA: cannot keep the secret key"):
        environment.secret_key(tmp_path / "file" / "secret_key")
