"""Downloads in the hands of the programs they are made for: Hugging Face datasets, WebDataset, torchvision.

Each reader runs in a process of its own: it must open what lies on the disk, without us and without a network.
"""

import json
import os
import subprocess
import sys
import zipfile

import pytest

from generation.sets.models import Image

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.torch]

_HUGGING_FACE = """
import json, sys
from datasets import Image, load_dataset
kind, path = sys.argv[1:]
where = {"data_files": path} if kind == "parquet" else {"data_dir": path}
found = load_dataset(kind, **where)
assert all(part.features["image"] == Image() for part in found.values())
rows = [(row["index"], row["image"].size, row["image"].getpixel((0, 0)), name)
        for name, part in found.items() for row in part]
print(json.dumps({"columns": sorted(next(iter(found.values())).column_names), "rows": sorted(rows)}))
"""
_WEB_DATASET = """
import json, sys
import webdataset
rows = []
for sample in webdataset.WebDataset(sys.argv[1], shardshuffle=False).decode("pil"):
    rows.append((int(sample["__key__"]), sample["png"].size, sample["png"].getpixel((0, 0)), sample["json"]["seed"]))
print(json.dumps(rows))
"""


@pytest.fixture
def made(finished):
    return finished(20)


def fetch(api, address, path, **query):
    answer = api.get(address, query)
    assert answer.status_code == 200, answer
    path.write_bytes(b"".join(answer.streaming_content))
    return path


def read(program, *arguments, folder):
    kept = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "HF_HOME": str(folder / "hf"),
        "HF_HUB_OFFLINE": "1",
    }
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        cwd=folder,
        env={**kept, "HF_DATASETS_DISABLE_PROGRESS_BARS": "1"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def corner(image_set, index):
    """The first pixel of the image as it is kept."""
    from PIL import Image as Pillow

    from generation.sets import storage

    with Pillow.open(storage.image_path(image_set, index)) as picture:
        return list(picture.convert("RGB").getpixel((0, 0)))


def check_rows(image_set, rows):
    assert [row[0] for row in rows] == list(range(20))
    assert all(row[1] == [64, 64] for row in rows)
    assert [row[2] for row in rows] == [corner(image_set, index) for index in range(20)]


def test_datasets_reads_parquet(api, made, work, tmp_path):
    asked = api.post("/api/v1/exports", {"set": str(made.pk), "format": "parquet", "val": 0.4}).json()
    work()
    path = fetch(api, f"/api/v1/exports/{asked['id']}/download", tmp_path / "palms.parquet")
    found = read(_HUGGING_FACE, "parquet", path, folder=tmp_path)
    assert found["columns"] == ["image", "index", "probability", "seed", "sha256", "split"]
    check_rows(made, found["rows"])


def test_datasets_reads_image_folders(api, made, tmp_path):
    path = fetch(
        api, f"/api/v1/sets/{made.pk}/download", tmp_path / "palms.zip", format="imagefolder", val="0.4"
    )
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path / "palms")
    found = read(_HUGGING_FACE, "imagefolder", tmp_path / "palms", folder=tmp_path)
    assert {"image", "index", "score", "seed", "sha256"} <= set(found["columns"])
    check_rows(made, found["rows"])
    assert {row[3] for row in found["rows"]} == {"train", "validation"}


def test_webdataset_reads_every_shard(api, made, tmp_path):
    rows = []
    listed = api.get(f"/api/v1/sets/{made.pk}/shards", {"per_shard": 8}).json()["results"]
    assert len(listed) == 3
    for part in listed:
        name = fetch(api, part["url"], tmp_path / part["name"])
        assert name.stat().st_size == part["size"]
        rows += read(_WEB_DATASET, name, folder=tmp_path)
    check_rows(made, rows)
    seeds = dict(Image.objects.filter(image_set=made).values_list("index", "seed"))
    assert {row[0]: row[3] for row in rows} == seeds
