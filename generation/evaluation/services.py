"""What people have measured: one set, several side by side; and how a measurement ends. Rows only, no networks."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from accounts import audit
from accounts.errors import Unavailable
from accounts.models import User
from generation.evaluation import extractors, grades, messages, policies, selectors
from generation.evaluation.models import Bank, Comparison, Evaluation, Measured, Reference
from generation.evaluation.references import sync
from generation.jobs import services as jobs
from generation.jobs.models import Job
from generation.sets.models import Checkpoint, ImageSet

EVALUATE = "evaluate-set"
COMPARE = "compare-sets"
SPEC_VERSION = 1
# Up to so many images a person waits for the answer; more go to the workers of long work, or a prediction would wait.
SHORT_IMAGES = 100


@transaction.atomic
def evaluate(
    *,
    by: User,
    image_set: ImageSet,
    reference: str = "",
    extractor: str = "",
    kind: str = Evaluation.Kind.EVALUATE,
    seed: int = 0,
    matched: bool = False,
) -> Evaluation:
    """Have a set measured by a worker. The same wish twice while the first waits is one measurement.

    `matched` draws as many real palms as the set has images, by `seed`.
    """
    policies.check_can_evaluate(by, image_set)
    policies.check_seed(seed)
    sync()
    chosen, bank = _chosen(by, reference, extractor, kind, [image_set.checkpoint], image_set.subject)
    spec = _spec(chosen, bank, seed=seed, matched=matched)
    twin = Evaluation.objects.filter(
        image_set=image_set, kind=kind, state=Measured.State.WAITING, spec=spec
    ).first()
    if twin is not None:
        return twin
    evaluation = Evaluation.objects.create(
        image_set=image_set, reference=chosen, kind=kind, spec=spec, n=image_set.count, done_by=by
    )
    _enqueue(evaluation, EVALUATE, by, image_set.count)
    audit.record(by=by, action=f"set.{kind}", target=f"set:{image_set.pk}")
    return evaluation


@transaction.atomic
def compare(
    *,
    by: User,
    image_sets: list[ImageSet],
    references: Sequence[str] = (),
    reference: str = "",
    extractor: str = "",
    seed: int = 0,
) -> Comparison:
    """Have sets, and real palms of references, measured side by side at the smallest one's number.

    Among real palms alone the one that all are measured against may be chosen too: the others stand beside it.
    """
    named = (selectors.reference_named(by, name, field="references") for name in references)
    real = list({one.pk: one for one in named}.values())
    policies.check_can_compare(by, image_sets, real)
    policies.check_seed(seed)
    sync()
    models = [image_set.checkpoint for image_set in image_sets]
    shown = {one.subject for one in image_sets or real}
    subject = shown.pop() if len(shown) == 1 else Reference.Subject.PALM
    chosen, bank = _chosen(by, reference, extractor, Evaluation.Kind.EVALUATE, models, subject, beside=real)
    if not image_sets:
        real = [one for one in real if one.pk != chosen.pk]
    policies.check_can_stand_beside(real, chosen, bank)
    comparison = Comparison.objects.create(
        owner=by,
        sets=[str(one.pk) for one in image_sets],
        spec=_spec(chosen, bank, seed=seed, matched=False) | {"references": [str(one.pk) for one in real]},
    )
    _enqueue(comparison, COMPARE, by, sum(one.count for one in image_sets))
    return comparison


def _chosen(
    by: User,
    reference: str,
    extractor: str,
    kind: str,
    models: Sequence[Checkpoint | None],
    subject: str,
    *,
    beside: Sequence[Reference] = (),
) -> tuple[Reference, Bank]:
    """The reference and its features; where none is wished, one that shows what the sets show.

    Where no network is wished it is the one that flatters these models least, among those that real palms `beside`
    the sets were measured with too.
    """
    if kind == Evaluation.Kind.FID:
        reason = selectors.why_no_fid(by)
        if reason:
            raise Unavailable(_(reason), code="no_fid", status=409)
        policies.check_fid_has_its_own_network(extractor)
        extractor = extractors.STANDARD
        found = (
            selectors.reference_named(by, reference) if reference else selectors.fid_reference(by, subject)
        )
        chosen = found or selectors.reference_named(by, "")
        bank = selectors.bank_of(chosen.pk, extractor)
        return chosen, policies.check_measured_for_fid(chosen, bank)
    chosen = selectors.reference_named(by, reference, subject=subject)
    measured = [{bank.extractor for bank in one.banks.all()} for one in (chosen, *beside)]
    extractor = extractor or extractors.least_seen(models, set.intersection(*measured))
    policies.check_network(extractor)
    return chosen, policies.check_bank(chosen, selectors.bank_of(chosen.pk, extractor), extractor)


def _spec(reference: Reference, bank: Bank, *, seed: int, matched: bool) -> dict[str, Any]:
    return {
        "version": SPEC_VERSION,
        "reference": reference.name,
        "reference_id": str(reference.pk),
        "subject": reference.subject,
        "bank": bank.sha256,
        "extractor": bank.extractor,
        "seed": seed,
        "matched": matched,
    }


def _enqueue(measured: Evaluation | Comparison, kind: str, by: User, images: int) -> None:
    queue = "short" if images <= SHORT_IMAGES else "long"
    job = jobs.enqueue(kind=kind, owner=by, subject_id=measured.pk, total=images, queue=queue)
    type(measured).objects.filter(pk=measured.pk).update(job=job)
    measured.refresh_from_db()


# What workers and jobs do


def evaluated(evaluation: Evaluation, result: Mapping[str, Any]) -> None:
    """Keep what was measured, and the headline on the set. Runs under the job's claim."""
    Evaluation.objects.filter(pk=evaluation.pk).update(
        state=Measured.State.DONE,
        code="",
        message="",
        message_params={},
        result=dict(result),
        n=result["n"],
        finished_at=Now(),
    )
    image_set = ImageSet.objects.select_for_update().filter(pk=evaluation.image_set_id).first()
    if image_set is not None and (headline := _headline_of(evaluation, image_set, result)):
        ImageSet.objects.filter(pk=image_set.pk).update(quality={**image_set.quality, **headline})


def _headline_of(
    evaluation: Evaluation, image_set: ImageSet, result: Mapping[str, Any]
) -> dict[str, Any] | None:
    """What stands on the set itself. Sets are listed and sorted by it, so it always has one yardstick: the site's first
    reference of what the set shows, whole, in the network that flatters the set's model least. What was measured
    otherwise stands on the page of quality.
    """
    if evaluation.kind == Evaluation.Kind.FID:
        return _fid_headline(evaluation, result)
    yardstick = selectors.sites_first(image_set.subject)
    if yardstick is None or evaluation.reference_id != yardstick.pk or evaluation.spec.get("matched"):
        return None
    measured_in = {bank.extractor for bank in yardstick.banks.all()}
    network = extractors.least_seen([image_set.checkpoint], measured_in)
    return _headline(evaluation, result) if evaluation.extractor == network else None


def _headline(evaluation: Evaluation, result: Mapping[str, Any]) -> dict[str, Any]:
    real, privacy = result["real"]["values"], result.get("privacy") or {}
    intervals = result["intervals"]
    # The four sides of the certificate: sets shows the first ones, and every manifest carries all of them.
    return {
        "kid": result["kid"],
        "kid_ci": result["kid_ci"],
        "precision": result["precision"],
        "precision_ci": intervals["precision"],
        "recall": result["recall"],
        "recall_ci": intervals.get("recall"),
        "duplicates": result["duplicates"]["share"],
        "duplicates_ci": intervals["duplicates"],
        "suspicious": privacy.get("suspicious"),
        "suspicious_ci": intervals.get("suspicious"),
        "copies": privacy.get("copies"),
        "n": result["n"],
        "n_ref": result["n_ref"],
        "reference": evaluation.reference_name,
        "extractor": evaluation.extractor,
        "weights_sha256": result["weights_sha256"],
        "seen": result["seen"],
        "real_kid": real["kid"],
        "real_precision": real["precision"],
        "real_recall": real["recall"],
        "verdict": grades.overall(result),
        "evaluation": str(evaluation.pk),
    }


def _fid_headline(evaluation: Evaluation, result: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "fid": result["fid"],
        "fid_n": result["n"],
        "fid_n_ref": result["n_ref"],
        "fid_reference": evaluation.reference_name,
        "fid_weights_sha256": result["weights_sha256"],
        "real_fid": result["real"]["values"]["fd"],
        "fid_evaluation": str(evaluation.pk),
    }


def compared(comparison: Comparison, result: Mapping[str, Any]) -> None:
    """Keep what was measured of several sets. Runs under the job's claim."""
    Comparison.objects.filter(pk=comparison.pk).update(
        state=Measured.State.DONE,
        code="",
        message="",
        message_params={},
        result=dict(result),
        finished_at=Now(),
    )


def ended(job: Job) -> None:
    """A measurement's job is over: where it left no result, say why. Runs in the job's transaction."""
    if job.state == Job.State.DONE:
        return
    cancelled = job.state == Job.State.CANCELLED
    fields = {
        "state": Measured.State.CANCELLED if cancelled else Measured.State.FAILED,
        "code": job.code or "failed",
        "message": messages.STOPPED if cancelled else job.message,
        "message_params": {} if cancelled else job.message_params,
        "finished_at": Now(),
    }
    _table(job).filter(pk=job.subject_id, state=Measured.State.WAITING).update(**fields)


def retried(job: Job) -> None:
    """Somebody put the job back into its queue: the measurement waits again."""
    _table(job).filter(Q(pk=job.subject_id) & ~Q(state=Measured.State.DONE)).update(
        state=Measured.State.WAITING, code="", message="", message_params={}, finished_at=None
    )


def waiting_evaluations() -> QuerySet[Evaluation, tuple[UUID, int]]:
    """Those that wait for a result, each with the owner of its set."""
    return Evaluation.objects.filter(state=Measured.State.WAITING).values_list("pk", "image_set__owner_id")


def waiting_comparisons() -> QuerySet[Comparison, tuple[UUID, int]]:
    """Those that wait for a result, each with its owner."""
    return Comparison.objects.filter(state=Measured.State.WAITING).values_list("pk", "owner_id")


def _table(job: Job) -> Any:
    return (Evaluation if job.kind == EVALUATE else Comparison).objects.all()
