"""Every change in the lab: data sets, models and predictions begin, are made by jobs, and go.

What only a job may write is called inside its guard, so that a lost worker changes nothing.
"""

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts import audit, ledger
from accounts.errors import InvalidInput, OverQuota
from accounts.models import User
from generation.jobs import services as jobs
from generation.jobs.models import Job
from generation.lab import judging, messages, policies, selectors, sources, storage
from generation.lab.limits import available_backbone, limits
from generation.lab.models import LONGEST_NAME, Dataset, Fit, Prediction, State
from generation.uploads import services as uploads
from generation.uploads.models import Upload
from generation.uploads.policies import check_disk

READ, FIT, PREDICT = "lab-dataset", "lab-fit", "lab-predict"


def create_dataset(*, by: User, name: str, upload_id: UUID) -> Dataset:
    """Read an uploaded archive of train|test / real|fake / images, by a job."""
    upload = sources.archive_upload(by, upload_id)
    return _create_dataset(by, name or _free_name(by, upload.name), sources.of_archive(upload))


def compose_dataset(
    *,
    by: User,
    name: str,
    sets: list[UUID],
    upload_id: UUID | None = None,
    reference: str = "",
    seed: int = 0,
) -> Dataset:
    """Put together a data set: synthetic sets as fake; an uploaded archive, or kept photos of a reference, as real."""
    upload = sources.archive_upload(by, upload_id) if upload_id is not None else None
    source = sources.of_sets(by, sets, upload, reference)
    return _create_dataset(by, name or _free_name(by, source["names"][0]), source, seed)


def _create_dataset(by: User, name: str, source: dict[str, Any], seed: int = 0) -> Dataset:
    policies.check_can_add(by)
    policies.check_dataset_id(by, name)
    try:
        with transaction.atomic():
            dataset = Dataset.objects.create(owner=by, name=name, source=source, seed=seed)
            jobs.enqueue(kind=READ, owner=by, subject_id=dataset.pk)
    except IntegrityError:
        policies.check_dataset_id(by, name)
        raise
    return dataset


def _free_name(by: User, file_name: str) -> str:
    """An id made of the file's name, with a number behind it where that is taken."""
    stem = re.sub(r"(\.tar)?\.\w{1,4}$", "", file_name)
    stem = re.sub(r"[^\w.-]+", "-", stem).strip("-.")[: LONGEST_NAME - 8] or "data"
    taken = set(Dataset.objects.filter(owner=by, name__startswith=stem).values_list("name", flat=True))
    names = [stem, *(f"{stem}-{number}" for number in range(2, len(taken) + 3))]
    return next(name for name in names if name not in taken)


def delete_dataset(*, by: User, dataset: Dataset) -> None:
    """Remove a data set with its files; models fitted on it stay."""
    policies.check_can_see(by, dataset)
    _stop(by, dataset)
    with transaction.atomic():
        row = Dataset.objects.filter(pk=dataset.pk)
        kept = row.select_for_update().first()
        if kept is None:
            return
        row.delete()
        if kept.is_ready:
            ledger.refund(user=dataset.owner, kind="datasets", count=1, size=kept.size + kept.features_size)
        audit.record(by=by, action="lab.dataset.delete", target=f"dataset:{dataset.pk}")
        _discard_upload(dataset)
        transaction.on_commit(lambda: storage.forget(dataset.folder))


def dataset_read(dataset: Dataset, *, images: int, size: int, eda: dict[str, Any]) -> bool:
    """The job has read it; its size is charged now that it is known. False when it was deleted meanwhile."""
    row = Dataset.objects.filter(pk=dataset.pk, state=State.WAITING)
    if not row.update(state=State.READY, images=images, size=size, eda=eda):
        return False
    _discard_upload(dataset)
    ledger.charge(user=dataset.owner, kind="datasets", count=1, size=size)
    return True


def keep_features(dataset: Dataset, *, name: str, size: int) -> bool:
    """Charge a file of features that a job is going to keep beside the images. False when there is no room for it,
    or the data set was deleted meanwhile.
    """
    kept = Dataset.objects.select_for_update().select_related(None).filter(pk=dataset.pk).first()
    if kept is None or name in kept.features:
        return kept is not None
    try:
        ledger.charge(user=dataset.owner, kind="datasets", size=size)
    except OverQuota:
        return False
    Dataset.objects.filter(pk=dataset.pk).update(features={**kept.features, name: size})
    return True


def fit(*, by: User, name: str, dataset_name: str, wish: dict[str, Any]) -> Fit:
    """Fit a model on a data set, by a job."""
    policies.check_can_add(by)
    policies.check_fit_id(by, name)
    whole = policies.check_settings(wish)
    dataset = selectors.dataset_for(by, dataset_name)
    policies.check_can_fit(by, dataset)
    whole["backbone"] = available_backbone(whole["backbone"])
    try:
        with transaction.atomic():
            made = Fit.objects.create(
                owner=by, name=name, dataset=dataset, dataset_name=dataset.name, settings=whole
            )
            jobs.enqueue(kind=FIT, owner=by, subject_id=made.pk, total=dataset.images)
    except IntegrityError:
        policies.check_fit_id(by, name)
        raise
    return made


def fit_epoch(made: Fit, history: list[dict[str, Any]]) -> None:
    """Show how the loss goes while the job is at it."""
    Fit.objects.filter(pk=made.pk, state=State.WAITING).update(history=history)


def fit_done(made: Fit, *, report: dict[str, Any], history: list[dict[str, Any]]) -> bool:
    """The job has fitted it. False when it was deleted meanwhile."""
    row = Fit.objects.filter(pk=made.pk, state=State.WAITING)
    return bool(row.update(state=State.READY, report=report, history=history))


def set_fit(*, by: User, fit: Fit) -> Fit:
    """Make it the model that answers for this person."""
    policies.check_can_set(by, fit)
    with transaction.atomic():
        # Every row of the person is locked in one order, so that of two choices at once the later one holds.
        list(Fit.objects.select_for_update().filter(owner=by).order_by("pk").values_list("pk", flat=True))
        Fit.objects.filter(owner=by, is_set=True).update(is_set=False)
        Fit.objects.filter(pk=fit.pk, state=State.READY).update(is_set=True)
    fit.refresh_from_db()
    return fit


def delete_fit(*, by: User, fit: Fit) -> None:
    """Remove a model with its weights and its predictions."""
    policies.check_can_see(by, fit)
    _stop(by, fit)
    for prediction in Prediction.objects.filter(fit=fit):
        delete_prediction(by=by, prediction=prediction)
    with transaction.atomic():
        if Fit.objects.filter(pk=fit.pk).delete()[0]:
            judging.forget(fit)
            audit.record(by=by, action="lab.model.delete", target=f"lab-model:{fit.pk}")
        path = fit.path
        transaction.on_commit(lambda: storage.forget(path))


def predict(
    *, by: User, files: list["UploadedFile[Any]"], threshold: float | None = None
) -> tuple[Prediction, Job]:
    """Ask the model that is set about images, by a job of the short queue."""
    fit = selectors.fit_to_ask(by)
    policies.check_images([(file.name or "", file.size or 0) for file in files])
    policies.check_can_add(by)
    bounds = limits()
    threshold = bounds.threshold if threshold is None else threshold
    if not 0 <= threshold <= 1:
        raise InvalidInput(
            policies.threshold_words(threshold), fields={"threshold": policies.threshold_words(threshold)}
        )
    size = sum(file.size or 0 for file in files)
    check_disk(size)
    prediction = Prediction(
        owner=by,
        fit=fit,
        size=size,
        threshold=threshold,
        names=[(file.name or "")[:255] for file in files],
        expires_at=timezone.now() + timedelta(days=bounds.kept_days),
    )
    try:
        storage.keep_received(prediction.folder, files)
        with transaction.atomic():
            ledger.charge(user=by, kind="datasets", size=size)
            prediction.save(force_insert=True)
            job = jobs.enqueue(kind=PREDICT, owner=by, subject_id=prediction.pk, total=len(files))
    except BaseException:
        storage.forget(prediction.folder)
        raise
    return prediction, job


def predicted(prediction: Prediction, results: list[dict[str, Any]], *, size: int) -> bool:
    """The job has the answers; their pictures are charged instead of the files. False when it was deleted meanwhile."""
    row = Prediction.objects.filter(pk=prediction.pk, state=State.WAITING)
    if not row.update(state=State.READY, results=results, size=size):
        return False
    ledger.refund(user=prediction.owner, kind="datasets", size=prediction.size)
    ledger.charge(user=prediction.owner, kind="datasets", size=size)
    return True


def delete_prediction(*, by: User, prediction: Prediction) -> None:
    """Remove a prediction with its images."""
    policies.check_can_see(by, prediction)
    _stop(by, prediction)
    with transaction.atomic():
        forget_prediction(prediction)
        audit.record(by=by, action="lab.prediction.delete", target=f"prediction:{prediction.pk}")


def forget_prediction(prediction: Prediction) -> None:
    """Remove row and images; also what the sweep does when its days are over."""
    with transaction.atomic():
        kept = Prediction.objects.select_for_update().filter(pk=prediction.pk).first()
        if kept is not None:
            kept.delete()
            ledger.refund(user=prediction.owner, kind="datasets", size=kept.size)
        folder = prediction.folder
        transaction.on_commit(lambda: storage.forget(folder))


def _stop(by: User, thing: Dataset | Fit | Prediction) -> None:
    for job in selectors.live_jobs_of(thing):
        jobs.cancel(by=by, job=job)


def _discard_upload(dataset: Dataset) -> None:
    upload = Upload.objects.filter(pk=dataset.source.get("upload")).select_related("owner").first()
    if upload is not None:
        uploads.discard(upload)


# What jobs tell this room of their end, in whichever process it happens


def dataset_ended(job: Job) -> None:
    """A data set that could not be read leaves nothing on the disk, the uploaded file included."""
    dataset = _failed(Dataset, job)
    if isinstance(dataset, Dataset):
        _discard_upload(dataset)
        folder = dataset.folder
        transaction.on_commit(lambda: storage.forget(folder))


def fit_ended(job: Job) -> None:
    """A model that was not fitted says why."""
    made = _failed(Fit, job)
    if isinstance(made, Fit):
        path = made.path
        transaction.on_commit(lambda: storage.forget(path))


def fit_retried(job: Job) -> None:
    """Its job waits again."""
    failed = Fit.objects.filter(pk=job.subject_id, owner=job.owner_id, state=State.FAILED)
    failed.update(state=State.WAITING, code="", message="", message_params={}, history=[])


def prediction_ended(job: Job) -> None:
    """A prediction that failed keeps no image."""
    prediction = _failed(Prediction, job)
    if isinstance(prediction, Prediction):
        ledger.refund(user=prediction.owner, kind="datasets", size=prediction.size)
        Prediction.objects.filter(pk=prediction.pk).update(size=0)
        folder = prediction.folder
        transaction.on_commit(lambda: storage.forget(folder))


TABLES: dict[str, type[Dataset] | type[Fit] | type[Prediction]] = {
    READ: Dataset,
    FIT: Fit,
    PREDICT: Prediction,
}


def waiting(kind: str) -> QuerySet[Any, tuple[UUID, int]]:
    """What is being made by jobs of this kind, each with its owner."""
    return TABLES[kind].objects.filter(state=State.WAITING).values_list("pk", "owner_id")


def _failed(
    table: type[Dataset] | type[Fit] | type[Prediction], job: Job
) -> Dataset | Fit | Prediction | None:
    """The thing that this job did not make, marked with the reason; None when it made it."""
    row = table.objects.filter(pk=job.subject_id, owner=job.owner_id, state=State.WAITING)
    ours = messages.OF_FITS if table is Fit else messages.OF_WHAT_IS_SENT
    if job.state == Job.State.DONE or not row.update(
        state=State.FAILED,
        code=job.code,
        message=ours.get(job.message, job.message),
        message_params=job.message_params,
    ):
        return None
    return table.objects.filter(pk=job.subject_id).first()
