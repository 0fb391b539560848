"""What a measure cannot answer, as a small tree: each has a code for programs and its numbers for other languages."""

from mlcore.errors import MlcoreError


class MeasureError(MlcoreError):
    """The base: a measure was asked for something that has no answer."""

    code = "measure"

    def __init__(self, message: str, **numbers: int) -> None:
        super().__init__(message)
        self.numbers = numbers


class TooFewImages(MeasureError):
    """There are fewer images than the measure needs."""

    code = "too_few"


class TooFewReal(TooFewImages):
    """The reference is too small for real palms to be measured against real palms."""

    code = "too_few_real"


class NotFiniteFeatures(MeasureError):
    """NaN or infinity where features should be."""

    code = "not_finite"


class NotFiniteScores(NotFiniteFeatures):
    """NaN or infinity where probabilities should be."""

    code = "scores_not_finite"


class FeaturesDiffer(MeasureError):
    """Two sides that cannot be compared: another number of features, another network, other weights."""

    code = "features_differ"


class BankError(MeasureError):
    """A file that is no bank of features, or a torn one."""

    code = "bank"


class PhotosLost(BankError):
    """Fewer photographs are kept than the bank has rows."""

    code = "photos_lost"
