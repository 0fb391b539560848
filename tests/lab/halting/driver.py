"""Stands in for a web server in the lab's kill tests: orders work and says what is there."""

import io
import os
from pathlib import Path

from tests.jobs.driver import serve  # first: it sets Django up

# isort: split
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts import ledger
from accounts.models import User
from generation.lab import personal_data, selectors, services
from generation.lab.models import Dataset, Fit, Prediction
from generation.uploads import services as uploads


def dataset(owner, name, archive):
    """Have an archive read; returns the job."""
    user, _made = User.objects.get_or_create(username=owner)
    data = Path(archive).read_bytes()
    sent = uploads.receive(
        by=user, purpose="lab-dataset", name="palms.zip", size=len(data), stream=io.BytesIO(data)
    )
    return _job(services.create_dataset(by=user, name=name, upload_id=sent.pk))


def fit(owner, name, dataset_name):
    """Have a model fitted; returns the job."""
    user = User.objects.get(username=owner)
    wish = {"input_size": 32, "num_epochs": 3}
    return _job(services.fit(by=user, name=name, dataset_name=dataset_name, wish=wish))


def predict(owner, name, archive):
    """Ask a model; returns the job."""
    user = User.objects.get(username=owner)
    services.set_fit(by=user, fit=selectors.fit_for(user, name))
    image = SimpleUploadedFile("palm.jpg", Path(archive).read_bytes(), "image/jpeg")
    return str(services.predict(by=user, files=[image])[1].pk)


def _job(thing):
    return str(selectors.job_of(thing).pk)


def lab(owner):
    """What a person has in the lab, and what of it the ledger knows."""
    user = User.objects.get(username=owner)
    use = ledger.usage(user)
    return {
        "datasets": {
            one.name: [one.state, one.code, one.images] for one in Dataset.objects.filter(owner=user)
        },
        "fits": {one.name: [one.state, one.code, one.accuracy] for one in Fit.objects.filter(owner=user)},
        "bytes": use["bytes"].used,
        "owed": sum(one.size + one.features_size for one in Dataset.objects.filter(owner=user))
        + sum(Prediction.objects.filter(owner=user).values_list("size", flat=True)),
        "uploads": use["uploads"].used,
    }


def clear(owner):
    """Remove all that a person has in the lab."""
    personal_data.erase(User.objects.get(username=owner))


def files():
    """Every file of the lab on the disk; a folder that is being removed meanwhile is passed over."""
    return sorted(f"{folder}/{name}" for folder, _, names in os.walk(settings.MEDIA_ROOT) for name in names)


if __name__ == "__main__":
    serve(globals())
