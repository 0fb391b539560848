"""What the lab refuses; every message says what to do instead."""

from accounts.errors import Conflict, InvalidInput


class IdTaken(Conflict):
    """The person has something of this id already."""

    default_code = "id_taken"


class BadId(InvalidInput):
    """The id is blank or cannot stand in an address."""

    default_code = "bad_id"
    default_status = 422


class BadSetting(InvalidInput):
    """A number with which nothing can be fitted."""

    default_code = "bad_setting"
    default_status = 422


class NoModelSet(Conflict):
    """No model was chosen for inference."""

    default_code = "no_model_set"


class NotReady(Conflict):
    """It is still being made, or its making failed."""

    default_code = "not_ready"
