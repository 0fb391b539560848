"""The containers as they are written down: every path, command, name and number in them is one of the code's.

No engine is needed, so none of this says that they start; it says that nothing they stand on has moved.
"""

import fnmatch
import re
from pathlib import Path

import pytest
import yaml
from django.conf import settings
from django.core.management import get_commands
from django.urls import resolve

from generation.uploads.services import MOST_CHUNK
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
    "ports",
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
            source = volume.split(":")[0]
            assert (DOCKER / source).is_file() if source.startswith(".") else source in COMPOSE["volumes"]


@pytest.mark.parametrize("name", OURS)
def test_every_variable_is_one_of_the_sites_and_keeps_its_default(name):
    variables = SERVICES[name]["environment"]
    assert set(variables) <= set(ENVIRONMENT.variables)
    # nginx is the proxy that is always there, and it is meant to be reached from outside.
    other_here = {"PALMSITE_PROXIES"}
    for variable, value in variables.items():
        for used, kind, default in interpolated(str(value)):
            if used == variable and kind == "-" and variable not in other_here:
                assert default == ENVIRONMENT.variables[variable].default, variable


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
    assert {"manage.py", "palmsite", "accounts", "generation", "mlcore", "templates", "static"} <= set(copied)
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
    assert "proxy_pass http://web:8000;" in NGINX
    assert ENVIRONMENT.variables["PORT"].default == "8000"
    assert "PORT" not in environment, "inside, the port is always the default one"
    location = re.search(r"location (\S+) \{\s+internal;\s+alias (\S+)/;", NGINX)
    assert location.groups() == (environment["PALMSITE_ACCEL"], environment["PALMSITE_MEDIA"])
    assert any(volume.startswith("media:/media") for volume in SERVICES["nginx"]["volumes"])
    most = int(re.search(r"client_max_body_size (\d+)m;", NGINX).group(1)) * 2**20
    assert most >= max(2 * MOST_CHUNK, settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
    assert NGINX.count("{") == NGINX.count("}")


def test_workers_get_the_time_they_need_to_leave():
    from generation.jobs.supervisor import STOP_SECONDS

    assert int(SERVICES["workers"]["stop_grace_period"].removesuffix("s")) > STOP_SECONDS + 2
