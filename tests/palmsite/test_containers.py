"""The containers as they are written down: every path, command, name and number in them is one of the code's.

No engine is needed, so none of this says that they start; it says that nothing they stand on has moved.
"""

import fnmatch
import re
from pathlib import Path

import pytest
import yaml
from django.conf import settings
from django.core.management import call_command, get_commands
from django.core.management.base import CommandError
from django.urls import resolve

from generation.uploads.services import MOST_CHUNK
from palmsite import serving, starting, still_pages
from palmsite.settings import ENVIRONMENT

ROOT = Path(settings.BASE_DIR)
DOCKER = ROOT / "docker"
COMPOSE = yaml.safe_load((DOCKER / "compose.yaml").read_text())
SERVICES = COMPOSE["services"]
NGINX = (DOCKER / "nginx.conf").read_text()
README = (ROOT / "README.md").read_text()
OURS = ("prepare", "web", "workers")
IMAGES = ("web.Dockerfile", "worker.Dockerfile")
# What the specification of Compose knows of a service, as far as it is used here.
KNOWN_KEYS = {
    "build",
    "command",
    "depends_on",
    "environment",
    "healthcheck",
    "image",
    "init",
    "ports",
    "pull_policy",
    "restart",
    "stop_grace_period",
    "volumes",
}
CONDITIONS = {"service_started", "service_healthy", "service_completed_successfully"}


def instructions(image):
    """The lines of a Dockerfile as (word, rest), those that go on over several lines joined."""
    text = re.sub(r"\\\n\s*", " ", (DOCKER / image).read_text())
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [tuple(line.split(maxsplit=1)) for line in lines]


def commands_of_the_site(text):
    return re.findall(r"python\W+manage\.py\W+(\w+)", text)


def interpolated(value):
    return re.findall(r"\$\{(\w+)(?::([-?])([^}]*))?\}", value)


def test_compose_knows_every_word_it_holds():
    assert set(COMPOSE) <= {"name", "services", "volumes", "x-environment", "x-volumes"}
    for name, service in SERVICES.items():
        assert set(service) <= KNOWN_KEYS, name
        assert "image" in service or "build" in service, name
        for other, how in dict(
            service["depends_on"] if isinstance(service.get("depends_on"), dict) else {}
        ).items():
            assert other in SERVICES
            assert how["condition"] in CONDITIONS
            if how["condition"] == "service_healthy":
                assert "healthcheck" in SERVICES[other], f"{name} waits for the health of {other}"
            if how["condition"] == "service_completed_successfully":
                assert "restart" not in SERVICES[other], f"{other} would never complete"


def test_every_image_is_built_here_or_has_a_version():
    built = {service["image"] for service in SERVICES.values() if "build" in service}
    for name, service in SERVICES.items():
        image = service["image"]
        assert image in built or re.search(r":\d", image), name
    for image in IMAGES:
        assert re.fullmatch(r"python:3\.\d+-slim-\w+", dict(instructions(image))["FROM"])


def test_every_path_of_compose_is_there():
    for service in SERVICES.values():
        if "build" in service:
            context = (DOCKER / service["build"]["context"]).resolve()
            assert context == ROOT
            assert (context / service["build"]["dockerfile"]).is_file()
        for volume in service.get("volumes", []):
            source = volume["source"] if isinstance(volume, dict) else volume.split(":")[0]
            assert (DOCKER / source).exists() if source.startswith(".") else source in COMPOSE["volumes"]


@pytest.mark.parametrize("name", OURS)
def test_every_variable_is_one_of_the_sites(name):
    assert set(SERVICES[name]["environment"]) <= set(ENVIRONMENT.variables)


def test_what_the_caller_sets_reaches_the_site():
    given = SERVICES["prepare"]["environment"]
    # Inside, the port is always the default one; and nobody shows the insides of errors in a container.
    assert set(ENVIRONMENT.variables) - set(given) == {"PORT", "PALMSITE_DEBUG"}
    fixed = {name for name, value in given.items() if value is not None}
    assert fixed == {
        "DATABASE_URL",
        "PALMSITE_DATA",
        "PALMSITE_MEDIA",
        "PALMSITE_LISTEN",
        "PALMSITE_ACCEL",
        "PALMSITE_LOG",
        "PALMSITE_PROXIES",
    }
    for name in ("web", "workers"):
        assert set(given) - set(SERVICES[name]["environment"]) == {"PALMSITE_ADMIN_PASSWORD"}


def test_the_first_mount_of_media_is_by_who_writes_it():
    """Docker gives an empty volume to the owner of the folder it is mounted over, unless it is told not to."""
    for name, service in SERVICES.items():
        if name in (*OURS, "db"):
            continue
        for volume in service.get("volumes", []):
            if isinstance(volume, dict):
                assert volume["read_only"] is True
                assert volume["volume"]["nocopy"] is True
            else:
                assert volume.startswith(("./", "../static:")), f"{name} mounts {volume}"
                assert volume.endswith(":ro")
    ours = {volume.split(":")[1] for name in OURS for volume in SERVICES[name]["volumes"]}
    (made,) = re.findall(
        r"install -d -o palmsite -g palmsite (.+)", (DOCKER / "worker.Dockerfile").read_text()
    )
    assert ours == set(made.split())


def test_no_image_of_ours_is_asked_of_a_registry():
    for name, service in SERVICES.items():
        if service["image"].startswith("palmsite-"):
            assert "build" in service or service["pull_policy"] == "never", name


def test_the_database_is_waited_for_at_the_address_the_site_asks():
    # The passing server that makes the database answers at its socket, and goes away again.
    assert "-h" in SERVICES["db"]["healthcheck"]["test"]


def test_every_wish_of_the_caller_stands_in_the_readme():
    used = {name for name, _kind, _default in interpolated((DOCKER / "compose.yaml").read_text())}
    assert "POSTGRES_PASSWORD" in used
    assert [name for name in used if name not in README] == []
    assert "docker compose -f docker/compose.yaml up --build" in README


def test_every_command_is_one_of_the_sites():
    texts = [(DOCKER / image).read_text() for image in IMAGES]
    texts += [" ".join(service["command"]) for service in SERVICES.values() if "command" in service]
    named = {command for text in texts for command in commands_of_the_site(text)}
    assert named == {"prepare", "translations", "watchdog", "web"}
    assert named <= set(get_commands())
    assert resolve("/healthz"), "what the container of the web asks for its health"
    assert "localhost:8000/healthz" in SERVICES["web"]["healthcheck"]["test"][-1]


@pytest.mark.parametrize("image", IMAGES)
def test_every_file_of_an_image_is_there_and_not_left_out(image):
    ignored = (ROOT / ".dockerignore").read_text().split()
    copied = [word for verb, rest in instructions(image) if verb == "COPY" for word in rest.split()[:-1]]
    # pyproject.toml: settings read the version there.
    assert {
        "manage.py",
        "pyproject.toml",
        "palmsite",
        "accounts",
        "generation",
        "mlcore",
        "templates",
        "static",
    } <= set(copied)
    for path in copied:
        assert (ROOT / path).exists(), path
        assert not any(fnmatch.fnmatch(path, pattern) for pattern in ignored), path
    # What is not the site's stays out: data, history, and what was made on this machine.
    assert {".git", ".venv", "var", "media", "runs"} <= set(ignored)


@pytest.mark.parametrize("image", IMAGES)
def test_images_run_as_somebody_whose_files_nginx_can_read(image):
    lines = instructions(image)
    assert ("USER", "palmsite") in lines
    assert lines.index(("USER", "palmsite")) > max(
        i for i, line in enumerate(lines) if line[0] in {"COPY", "RUN"}
    )
    assert any("--uid 101 " in rest and "--gid 101 " in rest for verb, rest in lines if verb == "RUN")


def test_the_web_image_brings_no_torch():
    text = (DOCKER / "web.Dockerfile").read_text()
    assert "requirements-web.txt" in text
    assert "requirements.txt" not in text
    assert "torch" not in re.sub(r"#.*", "", text)


def test_nginx_stands_where_the_site_looks_for_it():
    environment = SERVICES["web"]["environment"]
    assert "set $site http://web:8000;" in NGINX
    assert set(re.findall(r"proxy_pass (\S+);", NGINX)) == {"$site"}
    assert ENVIRONMENT.variables["PORT"].default == "8000"
    assert "PORT" not in environment, "inside, the port is always the default one"
    location = re.search(r"location (\S+) \{\s+internal;\s+alias (\S+)/;", NGINX)
    assert location.groups() == (environment["PALMSITE_ACCEL"], environment["PALMSITE_MEDIA"])
    mounted = [volume for volume in SERVICES["nginx"]["volumes"] if isinstance(volume, dict)]
    assert ("media", "/media") in [(volume["source"], volume["target"]) for volume in mounted]
    # Neither is the narrower one: what a form without script may send here, it may send there.
    most = int(re.search(r"client_max_body_size (\d+)g;", NGINX).group(1)) * 2**30
    assert most == serving.MOST_BODY
    assert most >= max(2 * MOST_CHUNK, settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
    assert NGINX.count("{") == NGINX.count("}")


@pytest.mark.parametrize("name", OURS)
def test_a_stop_is_heard_from_the_first_moment(name):
    """The kernel keeps from process 1 every signal that it has not asked for; so ours is not the first."""
    assert SERVICES[name]["init"] is True


def test_workers_get_the_time_they_need_to_leave():
    from generation.jobs.supervisor import STOP_SECONDS

    assert int(SERVICES["workers"]["stop_grace_period"].removesuffix("s")) > STOP_SECONDS + 2


def test_the_pages_that_nginx_keeps_are_drawn_where_it_looks(tmp_path, monkeypatch):
    *_command, option, folder = SERVICES["prepare"]["command"]
    monkeypatch.setattr(starting, "prepare", lambda say: None)
    call_command("prepare", option, str(tmp_path))
    drawn = {path.relative_to(tmp_path).as_posix(): path.read_text() for path in tmp_path.rglob("*.*")}
    assert drawn == dict(still_pages.drawn())
    assert f"still:{folder}" in SERVICES["prepare"]["volumes"]
    mounted = [volume for volume in SERVICES["nginx"]["volumes"] if isinstance(volume, dict)]
    assert ("still", folder) in [(volume["source"], volume["target"]) for volume in mounted]
    assert folder == f"{still_pages.ADDRESS}/pages"
    for status in still_pages.CODES:
        assert f" {folder}/$still_language/{status}.$still_kind;" in NGINX
    assert f"$cookie_{settings.LANGUAGE_COOKIE_NAME}:" in NGINX
    statics = {name for text in drawn.values() for name in re.findall(r'"/still/static/([^"]+)"', text)}
    assert statics and all((ROOT / "static" / name).is_file() for name in statics)


def test_pages_that_cannot_be_written_say_the_way_out(tmp_path, monkeypatch):
    monkeypatch.setattr(starting, "prepare", lambda say: None)
    (tmp_path / "file").touch()
    with pytest.raises(CommandError, match="name another folder"):
        call_command("prepare", "--still-pages", str(tmp_path / "file"))
