"""Everything that can go wrong in mlcore and that a person may be told.

The command line prints the message and exits 2; web code translates it. Nothing here imports beyond the
language.
"""

from pickle import UnpicklingError

# What torch raises for a file that holds no weights, depending on its first bytes.
NOT_WEIGHTS = (
    *(UnpicklingError, RuntimeError, EOFError, ValueError, LookupError),
    *(AttributeError, TypeError, ImportError),
)


class MlcoreError(Exception):
    """The base of all errors whose message is meant for a person."""


class SpecError(MlcoreError):
    """A wish that cannot be fulfilled as written; says which field."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


class ImageError(MlcoreError):
    """An image that cannot or must not be read."""


class NotAnImage(ImageError):
    """The bytes are no image of a kind that is read here."""


class ImageTooLarge(ImageError):
    """The picture has more pixels than allowed; found before decoding."""


class BrokenImage(ImageError):
    """An image that begins well and does not end so."""


class CheckpointError(MlcoreError):
    """A checkpoint that is refused; each reason has a class of its own."""


class CheckpointMissing(CheckpointError):
    """No file, or no trained model, of this name."""


class PickleRefused(CheckpointError):
    """A pickle, whatever its name says: reading one can run code."""


class NotACheckpoint(CheckpointError):
    """A file of some other kind."""


class Truncated(CheckpointError):
    """The file ends before its tensors do."""


class TrailingBytes(CheckpointError):
    """Something follows the tensors."""


class HeaderTooLarge(CheckpointError):
    """The header is larger than any honest one."""


class BadHeader(CheckpointError):
    """The header is there and does not say what it must."""


class UnknownArchitecture(CheckpointError):
    """A network that is not in the registry."""


class ArgumentsRefused(CheckpointError):
    """The registry's network does not take these arguments."""


class KeysDiffer(CheckpointError):
    """Tensors are missing or unknown."""


class ShapeDiffers(CheckpointError):
    """A tensor has another shape than the network's."""


class DtypeDiffers(CheckpointError):
    """A tensor has a type that weights do not have."""


class NotFinite(CheckpointError):
    """A tensor holds NaN or infinity."""


class WrongKind(CheckpointError):
    """A good checkpoint of another kind than the one asked for."""


class ConversionError(CheckpointError):
    """An old file that cannot be turned into a checkpoint."""


class ScoringError(MlcoreError):
    """Scores were asked for and there is nothing to score with, or nothing to score."""


class ClassifierError(MlcoreError):
    """A classifier cannot be fitted or used as asked."""


class NotTheseWeights(ClassifierError):
    """The file that should hold the frozen network's weights holds something else."""


class OutputError(MlcoreError):
    """What should be written meets something else in its place, or does not verify."""


class TrainingError(MlcoreError):
    """Training cannot begin, go on or be resumed; says why and what to try."""


class RecogniserError(MlcoreError):
    """Palms cannot be learned or told apart from what there is."""
