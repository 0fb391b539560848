"""An order from its row to its last image, beside the engine alone that makes, scores and writes the same images."""

import pytest

from generation.jobs import tasks
from generation.jobs.models import Job
from generation.sets import pipeline, services, storage, verification
from generation.sets.models import Checkpoint, Order
from mlcore import checkpoint, engine
from mlcore.checkpoint import Header
from mlcore.image_folder import ImageFolder
from mlcore.spec import GenerationSpec
from tests.benchmarks.turns import seconds_of
from tests.mlcore import eight_pixels

pytestmark = [
    # Real commits: they are a part of what an order costs.
    pytest.mark.django_db(transaction=True),
    pytest.mark.slow,
    pytest.mark.torch,
    pytest.mark.timeout(3600),
]
LEAST = 0.85
COUNT, ROUNDS = 64, 3
# What a calm machine measures of these; a busy one cuts orders finer, and every part loads the model.
SECONDS_PER_IMAGE = 0.02
PAIRS = {
    "DCGAN, 128 px": (
        Header(kind="generator", architecture="dcgan-generator"),
        Header(kind="discriminator", architecture="dcgan-discriminator"),
    ),
    "FastGAN, 128 px": (
        Header(kind="generator", architecture="fastgan-generator"),
        Header(kind="discriminator", architecture="projected-discriminator"),
    ),
}


def added(folder, headers):
    """A published model of random weights: speed does not depend on their values."""
    made, judge = headers
    rows = []
    partner = eight_pixels.save(folder, "judge", judge, seed=1)
    maker = eight_pixels.save(folder, "maker", made, partner=checkpoint.file_sha256(partner))
    for path in (partner, maker):
        target = storage.media("checkpoints") / path.name
        storage.keep(target, path.read_bytes())
        rows.append(
            verification.verify(
                Checkpoint.objects.create(
                    name=path.stem, source="upload", file=path.name, sha256=checkpoint.file_sha256(path)
                )
            )
        )
    verification.publish(rows[1], by=None)
    Checkpoint.objects.filter(pk=rows[1].pk).update(seconds_per_image=SECONDS_PER_IMAGE)
    rows[1].refresh_from_db()
    return rows[1]


@pytest.mark.parametrize("pair", PAIRS)
def test_orders_at_no_less_than_85_percent_of_the_engines_own_speed(pair, alice, tmp_path, keep):
    model = added(tmp_path, PAIRS[pair])
    path, partner = storage.checkpoint_path(model), storage.checkpoint_path(model.partner)
    turn = [0]

    def wish():
        # Other images each time; engine and order make the same ones.
        return GenerationSpec(count=COUNT, seed=4711, first_index=COUNT * (turn[0] // 2))

    def alone():
        loaded, spec = engine.load(path, partner), wish()
        with ImageFolder(tmp_path / f"alone-{turn[0]}", {}) as written:
            for image in engine.generate(spec, loaded):
                written.add(image, engine.recipe(loaded, spec, image.index))
        turn[0] += 1

    def ordered():
        order = services.order_images(by=alice, checkpoint=model, spec=wish())
        while Job.objects.filter(state="queued").exists():
            tasks.run_next("long")
        turn[0] += 1
        assert Order.objects.get(pk=order.pk).state == "done"

    engine_alone, whole = seconds_of([alone, ordered], ROUNDS)
    shares = {clock: round(engine_alone[clock] / whole[clock], 3) for clock in ("wall", "processor")}
    keep(
        f"orders-{pair.split(',')[0].lower()}",
        model=pair,
        images=COUNT,
        rounds=ROUNDS,
        chunk=services.CHUNK_SIZES,
        batch=pipeline.BATCH,
        engine_images_per_second=round(COUNT / engine_alone["wall"], 1),
        order_images_per_second=round(COUNT / whole["wall"], 1),
        share_of_wall=shares["wall"],
        share_of_processor=shares["processor"],
    )
    assert shares["processor"] >= LEAST
