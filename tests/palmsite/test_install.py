"""Setting up a clone: one line for an old Python or a full disk, nothing to do the second time."""

import shutil
import subprocess
from types import SimpleNamespace

import pytest

from palmsite import install


@pytest.fixture
def requirements(tmp_path):
    (tmp_path / "base.txt").write_text("a==1  # why\n\n# nothing\n")
    path = tmp_path / "all.txt"
    path.write_text("-r base.txt\nb==2\n")
    return path


@pytest.fixture
def commands(monkeypatch):
    run = []
    monkeypatch.setattr(
        install, "run", lambda command, quiet=False: run.append([str(word) for word in command]) and 0
    )
    monkeypatch.setattr(install, "check_space", lambda folder: None)
    return run


def test_included_requirements_are_read(requirements):
    assert install.lines_of(requirements) == ["a==1", "b==2"]


def test_old_python_gets_one_line():
    with pytest.raises(install.Refusal, match=r"needs Python 3.11 or newer; this is 3.9.18") as caught:
        install.check_python((3, 9, 18))
    assert "\n" not in str(caught.value)
    install.check_python((3, 11, 0))


def test_full_disk_gets_one_line(monkeypatch, tmp_path):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10, 9, 1))
    with pytest.raises(install.Refusal, match=r"The disk is full: 0.0 GB free and 4 GB needed"):
        install.check_space(tmp_path / "venv")


def test_second_time_does_nothing(requirements, commands, tmp_path):
    folder = tmp_path / "venv"
    folder.mkdir()
    install.install(folder, requirements)
    assert any("-r" in command for command in commands)
    commands.clear()
    install.install(folder, requirements)
    assert commands == []


def test_changed_requirement_installs_again_and_a_changed_comment_does_not(requirements, commands, tmp_path):
    folder = tmp_path / "venv"
    folder.mkdir()
    install.install(folder, requirements)
    commands.clear()
    base = tmp_path / "base.txt"
    base.write_text("a==1  # another reason\n")
    install.install(folder, requirements)
    assert commands == []
    base.write_text("a==2\n")
    install.install(folder, requirements)
    assert commands


def test_torch_comes_first_from_the_place_that_is_named(commands, tmp_path):
    path = tmp_path / "all.txt"
    path.write_text("django==5\ntorch==2.13.0\ntorchvision==0.28.0\n")
    folder = tmp_path / "venv"
    folder.mkdir()
    install.install(folder, path, "https://example.org/cpu")
    pips = [command for command in commands if "install" in command]
    assert pips[0][-4:] == ["--index-url", "https://example.org/cpu", "torch==2.13.0", "torchvision==0.28.0"]
    assert pips[1][-2:] == ["-r", str(path)]


def test_failed_install_leaves_no_stamp(requirements, monkeypatch, tmp_path):
    folder = tmp_path / "venv"
    folder.mkdir()
    monkeypatch.setattr(install, "check_space", lambda folder: None)
    monkeypatch.setattr(install, "run", lambda command, quiet=False: int("-r" in command))
    with pytest.raises(install.Refusal, match="goes on"):
        install.install(folder, requirements)
    assert list(folder.iterdir()) == []


@pytest.fixture
def opencv(monkeypatch, tmp_path):
    """A machine on which only the builds in `loads` can be imported; `installed` is what pip was told."""
    requirements, folder = tmp_path / "all.txt", tmp_path / "venv"
    requirements.write_text("opencv-python==5.0\n")
    folder.mkdir()
    machine = SimpleNamespace(installed=[], loads=[])
    machine.set_up = lambda: install.install(folder, requirements)
    machine.stamped = lambda: any(folder.iterdir())

    def run(command, quiet=False):
        words = [str(word) for word in command]
        if "uninstall" in words:
            machine.installed.clear()
        elif "install" in words:
            machine.installed.append("opencv-python==5.0" if "-r" in words else words[-1])
        return int(words[-1] == "import cv2" and machine.installed[-1] not in machine.loads)

    monkeypatch.setattr(install, "run", run)
    monkeypatch.setattr(install, "check_space", lambda folder: None)
    return machine


@pytest.mark.parametrize("build", ["opencv-python==5.0", "opencv-python-headless==5.0"])
def test_opencv_is_the_build_that_loads_here(opencv, build):
    opencv.loads = [build]
    opencv.set_up()
    assert opencv.installed == [build]
    assert opencv.stamped()


def test_opencv_that_does_not_load_at_all_gets_one_line(opencv):
    with pytest.raises(install.Refusal, match="apt install libgl1"):
        opencv.set_up()
    assert not opencv.stamped()


@pytest.mark.slow
def test_make_names_its_commands(settings):
    told = subprocess.run(
        ["make", "help"], cwd=settings.BASE_DIR, capture_output=True, text=True, check=True
    ).stdout
    for command in ("run", "test", "check", "fix", "e2e", "kills", "bench", "campaign"):
        assert f"make {command} " in told
