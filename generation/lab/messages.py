"""What the lab's jobs tell people when they cannot do their work, as msgids for each reader's language."""

from django.utils.translation import gettext_noop

from generation.jobs import messages as jobs

READING = gettext_noop("Reading the archive")
LOOKING = gettext_noop("Looking at the images")
EMBEDDING = gettext_noop("Computing features")
LEARNING = gettext_noop("Learning from the features")

NO_TREE = gettext_noop(
    "No images in %(missing)s. The archive needs train/real, train/fake, test/real and test/fake with images in "
    "each; names in any case, at any depth. Pack it so and send it again."
)
# By the class of mlcore's error about the first of them, as IMAGE below.
NONE_USABLE = {
    "NotAnImage": gettext_noop(
        "Files in %(parts)s: %(count)s, and none can be used. The first, %(file)s, is no JPEG, PNG or WebP image. "
        "Save them as one of these and send the archive again."
    ),
    "ImageTooLarge": gettext_noop(
        "Files in %(parts)s: %(count)s, and none can be used. The first, %(file)s, has too many pixels. "
        "Shrink them and send the archive again."
    ),
    "BrokenImage": gettext_noop(
        "Files in %(parts)s: %(count)s, and none can be used. The first, %(file)s, is cut off or damaged. "
        "See that they open and send the archive again."
    ),
    "Polyglot": gettext_noop(
        "Files in %(parts)s: %(count)s, and none can be used. The first, %(file)s, is an image and something else "
        "at once. Save them anew as PNG and send the archive again."
    ),
}
FEW = gettext_noop("train/%(label)s has one image that can be read; at least two are needed.")
FEW_TO_DRAW = {
    "real": gettext_noop(
        "The photographs are too few: at least three that differ and can be read are needed. Bring more."
    ),
    "fake": gettext_noop(
        "The images of the chosen sets are too few: at least three that differ and can be read are needed. "
        "Choose more sets."
    ),
}
OVER_QUOTA = gettext_noop(
    "The data set takes %(size)s MB, more than you have room for. "
    "Delete what you no longer need, or send a smaller one."
)
NO_ROOM_FOR_PICTURES = gettext_noop(
    "You have no room for the pictures of the answers. Delete what you no longer need and ask again."
)
DATASET_GONE = gettext_noop("The data set of this model was deleted. Choose another.")
UPLOAD_GONE = gettext_noop("The uploaded file is no longer here. Upload it again.")
SETS_GONE = gettext_noop("A chosen set was deleted meanwhile. Choose again.")
REFERENCE_GONE = gettext_noop("The photographs of the chosen reference are no longer kept. Choose again.")
NO_FIT = gettext_noop("The model could not be fitted so. Take a lower learning rate or another network.")
BAD_WEIGHTS = gettext_noop(
    "The file %(file)s of this site does not hold torchvision's ResNet18 weights. Ask the site's administrator to "
    "put the right one there, or fit on EfficientNet-Lite0."
)
NO_ANSWER = gettext_noop(
    "The model cannot be asked: its file, or the network that it was fitted on, is not here now. Fit it again."
)

# By the class of mlcore's error about one image, and our own word for files that are two things at once.
IMAGE = {
    "NotAnImage": gettext_noop("This is no JPEG, PNG or WebP image."),
    "ImageTooLarge": gettext_noop("The image has too many pixels. Shrink it first."),
    "BrokenImage": gettext_noop("The image is cut off or damaged."),
    "Polyglot": gettext_noop("The file is an image and something else at once. Save it anew as PNG."),
}

# What the jobs say of themselves supposes that a part is kept. Here only features are, for the next fit.
_STOPPED = gettext_noop("Stopped, as you asked.")
_SEND_AGAIN = gettext_noop("Something went wrong on our side. Send it again.")
OF_FITS = {jobs.STOPPED: _STOPPED}
OF_WHAT_IS_SENT = OF_FITS | {jobs.CRASHED: _SEND_AGAIN, jobs.ORPHANED: _SEND_AGAIN}
