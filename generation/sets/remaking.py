"""Making a set again, to see whether the bytes agree, and making more of it. For pages and API alike."""

from dataclasses import replace

from django.utils.translation import gettext as _

from accounts.errors import Conflict
from accounts.models import User
from generation.sets import policies, services, set_words
from generation.sets.models import Checkpoint, ImageSet, Order
from mlcore.spec import GenerationSpec

_MOST_OF_NAME = 100  # so that there is room for the word behind it


def make_again(*, by: User, image_set: ImageSet) -> Order:
    """Order the same images once more, beside the first: all that were ever ordered of the recipe, in one go."""
    policies.check_can_change(by, image_set)
    spec, checkpoint = _recipe_of(image_set)
    return services.order_images(
        by=by,
        checkpoint=checkpoint,
        spec=replace(spec, first_index=0, count=services.next_index(image_set) or spec.count),
        name=_("%(name)s, again") % {"name": image_set.name[:_MOST_OF_NAME]},
        tags=image_set.tags,
        again_of=image_set,
    )


def make_more(*, by: User, image_set: ImageSet, count: int) -> Order:
    """Continue the numbers of a set by the same recipe."""
    policies.check_can_change(by, image_set)
    spec, checkpoint = _recipe_of(image_set)
    further = replace(spec, first_index=services.next_index(image_set), count=count)
    return services.order_images(by=by, checkpoint=checkpoint, spec=further, image_set=image_set)


def _recipe_of(image_set: ImageSet) -> tuple[GenerationSpec, Checkpoint]:
    """What makes the set as a whole; Conflict where nothing does."""
    spec = set_words.spec_of(image_set)
    if spec is None:
        raise Conflict(
            _("This set was chosen from others, so no recipe makes it as a whole. Make the first set again."),
            code="no_recipe",
        )
    if image_set.checkpoint is None:
        raise Conflict(_("The model of this set is no longer here."), code="model_gone")
    return spec, image_set.checkpoint
