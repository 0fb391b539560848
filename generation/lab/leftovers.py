"""What lies on the disk for this room and what of it may go: asked by the sweep and by the backup."""

from collections.abc import Callable, Iterator

from accounts.belongings import Leftover
from generation.lab import selectors, services
from generation.lab.models import Dataset, Fit, Prediction, State

FOLDER = "lab"


def owned() -> Iterator[str]:
    """The files and folders that rows need."""
    for table, pattern in (
        (Dataset, "lab/datasets/{}/"),
        (Fit, "lab/models/{}.safetensors"),
        (Prediction, "lab/predictions/{}/"),
    ):
        keeps = [State.READY, State.WAITING] if table is Prediction else [State.READY]
        for pk in table.objects.filter(state__in=keeps).values_list("pk", flat=True).iterator():
            yield pattern.format(pk)


def leftovers() -> Iterator[Leftover]:
    """Predictions past their days."""
    for prediction in selectors.expired_predictions():
        yield Leftover(f"prediction {prediction.pk}, past its days", 0, _removal(prediction))


def _removal(prediction: Prediction) -> Callable[[], object]:
    return lambda: services.forget_prediction(prediction)
