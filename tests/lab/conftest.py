"""Small real archives, a small real network, and jobs run in the test's own process."""

import io
import random
import zipfile

import pytest
from PIL import Image

from generation.jobs import tasks
from generation.lab import pipeline, services
from generation.uploads import services as uploads


def picture(seed, *, light=False, size=(32, 32), kind="PNG"):
    """A noisy square, dark or light; the same seed gives the same bytes."""
    source = random.Random(seed)
    grain = Image.frombytes("RGB", size, source.randbytes(3 * size[0] * size[1]))
    ground = Image.new("RGB", size, (190, 170, 160) if light else (70, 60, 50))
    buffer = io.BytesIO()
    Image.blend(ground, grain, 0.25).save(buffer, kind)
    return buffer.getvalue()


def tree(train=8, test=4, prefix="", more=None):
    """Names and bytes of a whole data set: real is light."""
    files = {}
    for split, count in (("train", train), ("test", test)):
        for label in ("real", "fake"):
            for number in range(count):
                name = f"{prefix}{split}/{label}/{number}.png"
                files[name] = picture(f"{split}{label}{number}", light=label == "real")
    return files | (more or {})


def zipped(files):
    """The files as a zip."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


@pytest.fixture
def on_commit(monkeypatch):
    """Run what waits for the commit at once, as a test itself never commits."""
    from django.db import transaction

    monkeypatch.setattr(transaction, "on_commit", lambda func, using=None, robust=False: func())


@pytest.fixture
def real_network():
    """Asked for by tests that want the large network."""


@pytest.fixture(autouse=True)
def tiny_network(request, monkeypatch):
    """A network of a few numbers in the place of the large one, unless the test asks for that."""
    if "real_network" in request.fixturenames:
        return
    import torch

    from mlcore.backbone import Backbone

    class Tiny(torch.nn.Module):
        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            self.conv = torch.nn.Conv2d(3, 8, 3, stride=4)

        def forward(self, x):
            return self.conv(x).mean(dim=(2, 3))

    eye = Backbone("tiny", "a" * 64, Tiny().eval(), lambda x: x)
    monkeypatch.setattr(pipeline, "network", lambda weights: eye)


@pytest.fixture
def upload(db):
    """Upload bytes whole."""

    def make(owner, data, name="palms.zip"):
        return uploads.receive(
            by=owner, purpose="lab-dataset", name=name, size=len(data), stream=io.BytesIO(data)
        )

    return make


@pytest.fixture
def read(upload, on_commit):
    """Make a data set of files (or of an archive's bytes) and let its job run."""

    def make(owner, files=None, name="palms", data=None):
        sent = upload(owner, data if data is not None else zipped(files or tree()))
        dataset = services.create_dataset(by=owner, name=name, upload_id=sent.pk)
        tasks.run_next("long")
        dataset.refresh_from_db()
        return dataset

    return make


@pytest.fixture
def fitted(read):
    """Fit a model and let its job run."""

    def make(owner, name="model1", dataset=None, **wish):
        dataset = dataset or read(owner)
        assert dataset.is_ready, dataset.text
        wish = {"num_epochs": 5, "input_size": 32} | wish
        fit = services.fit(by=owner, name=name, dataset_name=dataset.name, wish=wish)
        tasks.run_next("long")
        fit.refresh_from_db()
        return fit

    return make
