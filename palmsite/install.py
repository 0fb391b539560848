"""Makes the virtual environment of a clone: `python3 palmsite/install.py .venv requirements.txt`.

Runs before anything is installed and on any Python 3, so it imports the standard library alone and writes no
syntax that an old Python cannot read. Done twice, it does nothing the second time.
"""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

LEAST_PYTHON = (3, 11)
# What pip needs while it unpacks: torch alone is several hundred MB.
LEAST_FREE_BYTES = 4 * 10**9


def main() -> None:
    """Install what the requirements name, or say in one line why it cannot be done."""
    folder, requirements = sys.argv[1:3]
    torch_index = sys.argv[3] if len(sys.argv) > 3 else ""
    try:
        install(Path(folder).resolve(), Path(requirements), torch_index)
    except Refusal as refusal:
        sys.exit(str(refusal))
    except KeyboardInterrupt:
        sys.exit("stopped; the same command goes on")


class Refusal(Exception):
    """Why the environment cannot be made, in one line."""


def install(folder: Path, requirements: Path, torch_index: str = "") -> None:
    """Make the environment unless it is there, and install unless these very requirements are in it."""
    check_python(sys.version_info[:3])
    stamp, wanted = folder / (".installed-" + requirements.name), digest(requirements)
    if stamp.exists() and stamp.read_text() == wanted:
        return
    check_space(folder)
    python = folder / "bin" / "python"
    if not works(python):
        say("making " + str(folder))
        if run([sys.executable, "-c", "import ensurepip, venv"], quiet=True):
            raise Refusal("This Python cannot make environments. On Debian: apt install python3-venv")
        if run([sys.executable, "-m", "venv", "--clear", folder]):
            raise Refusal("The environment " + str(folder) + " could not be made; the reason stands above.")
    # What is imported is compiled then; all of torch beforehand takes most of the time there is.
    pip: "list[object]" = [python, "-m", "pip", "install", "--disable-pip-version-check", "--no-compile"]
    if torch_index:
        say("installing torch from " + torch_index)
        pinned = [line for line in lines_of(requirements) if line.startswith(("torch==", "torchvision=="))]
        if run([*pip, "--index-url", torch_index, *pinned]):
            raise Refusal("torch could not be installed from " + torch_index + "; the reason stands above.")
    say("installing " + requirements.name + " (1 to 5 minutes, once)")
    if run([*pip, "-r", str(requirements)]):
        raise Refusal("Installing failed; the reason stands above. The same command goes on.")
    mend_opencv(python, pip, requirements)
    stamp.write_text(wanted)


def mend_opencv(python: Path, pip: "list[object]", requirements: Path) -> None:
    """Where the libraries of windows are missing, as on servers, take the same OpenCV built without windows."""
    pinned = [line for line in lines_of(requirements) if line.startswith("opencv-python==")]
    if not pinned or not run([python, "-c", "import cv2"], quiet=True):
        return
    say("no libGL on this machine: taking OpenCV without windows")
    # Both put their files into the same folder, so the one has to go before the other comes.
    run([python, "-m", "pip", "uninstall", "-q", "-y", "opencv-python", "opencv-python-headless"])
    headless = pinned[0].replace("opencv-python", "opencv-python-headless")
    if run([*pip, "--no-deps", headless]) or run([python, "-c", "import cv2"]):
        raise Refusal(
            "OpenCV does not load; the reason stands above. On Debian: apt install libgl1 libglib2.0-0"
        )


def check_python(version: "tuple[int, ...]") -> None:
    """Refuse a Python that is too old."""
    if tuple(version[:2]) < LEAST_PYTHON:
        found = ".".join(str(part) for part in version)
        raise Refusal(
            "palmsite needs Python 3.11 or newer; this is "
            + found
            + ". Name another: make run PYTHON=python3.12"
        )


def check_space(folder: Path) -> None:
    """Refuse a disk that cannot take it."""
    place = next(parent for parent in folder.parents if parent.is_dir())
    free = shutil.disk_usage(str(place)).free
    if free < LEAST_FREE_BYTES:
        raise Refusal(
            "The disk is full: {:.1f} GB free and {:.0f} GB needed. ".format(
                free / 1e9, LEAST_FREE_BYTES / 1e9
            )
            + "Make room, or name another place: make run VENV=/other/disk/venv"
        )


def lines_of(path: Path) -> "list[str]":
    """The lines of requirements, and of those they include, without comments."""
    found = []  # type: list[str]
    for raw in path.read_text().splitlines():
        line = raw.partition("#")[0].strip()
        if line.startswith("-r "):
            found += lines_of(path.parent / line[3:].strip())
        elif line:
            found.append(line)
    return found


def digest(path: Path) -> str:
    """What the requirements say, as one word; comments change nothing."""
    return hashlib.sha256("\n".join(lines_of(path)).encode()).hexdigest()


def works(python: Path) -> bool:
    """Whether there is a Python that starts: an environment that was moved has one that does not."""
    return python.exists() and not run([python, "-c", "import pip"], quiet=True)


def run(command: "list[object]", quiet: bool = False) -> int:
    """Run a command and return its status."""
    output = subprocess.DEVNULL if quiet else None
    return subprocess.call([str(word) for word in command], stdout=output, stderr=output)


def say(words: str) -> None:
    """Write a progress line."""
    sys.stdout.write("  setup     " + words + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
