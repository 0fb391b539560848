"""What a person takes along of the lab, and how all of it goes when they leave."""

from collections.abc import Iterator
from typing import Any

from accounts.models import User
from accounts.personal_data import Content
from generation.lab import selectors, services, storage

_DATASET = ("name", "state", "source", "images", "size", "eda", "created_at")
_FIT = ("name", "state", "dataset_name", "settings", "history", "report", "is_set", "created_at")
_PREDICTION = ("id", "fit__name", "threshold", "names", "results", "created_at", "expires_at")


def export(user: User) -> Iterator[tuple[str, Content]]:
    """Data sets with their images, models with their weights, predictions with their pictures."""
    datasets, fits = selectors.datasets_of(user), selectors.fits_of(user)
    predictions = selectors.predictions_of(user)
    yield "datasets.json", _rows(datasets, _DATASET)
    yield "models.json", _rows(fits, _FIT)
    yield "predictions.json", _rows(predictions, _PREDICTION)
    for dataset in datasets:
        if dataset.is_ready:
            for number, sample in enumerate(storage.read_index(dataset.folder)):
                name = f"{number:07d}.{sample.format.lower()}"
                yield (
                    f"datasets/{dataset.name}/{sample.split}/{sample.label}/{name}",
                    dataset.folder / sample.file,
                )
    for fit in fits:
        if fit.path.is_file():
            yield f"models/{fit.name}.safetensors", fit.path
    for prediction in predictions:
        for result in prediction.results:
            for place in (storage.picture_path, storage.map_path):
                path = place(prediction.folder, result["index"])
                if path.is_file():
                    yield f"predictions/{prediction.pk}/{path.name}", path


def _rows(rows: Any, fields: tuple[str, ...]) -> list[dict[str, Any]]:
    return list(rows.values(*fields))


def erase(user: User) -> None:
    """Remove all of it, with its files."""
    for fit in selectors.fits_of(user):
        services.delete_fit(by=user, fit=fit)
    for dataset in selectors.datasets_of(user):
        services.delete_dataset(by=user, dataset=dataset)
