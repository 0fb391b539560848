"""How an upload can be refused; every message says the number, the limit and the way out."""

from django.utils.translation import gettext as _

from accounts.errors import Conflict, InvalidInput


class UnknownPurpose(InvalidInput):
    """No room takes files for this."""

    default_code = "unknown_purpose"

    def __init__(self, name: str, known: list[str]) -> None:
        message = _("“%(name)s” is no purpose of an upload. There are: %(known)s.") % {
            "name": name[:64],
            "known": ", ".join(known),
        }
        super().__init__(message, fields={"purpose": message})


class WrongOffset(Conflict):
    """The chunk begins elsewhere than the upload ends; `offset` says where to go on."""

    default_code = "wrong_offset"

    def __init__(self, offset: int) -> None:
        super().__init__(_("This upload stands at byte %(offset)s. Go on from there.") % {"offset": offset})
        self.offset = offset


class ChecksumDiffers(Conflict):
    """What arrived is not what was announced."""

    default_code = "checksum_differs"
