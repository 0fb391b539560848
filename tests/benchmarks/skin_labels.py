"""What a source's words on a person's skin say of the palm: how light palms so called are, and who is told by his like.

python -m tests.benchmarks.skin_labels PALMS OUT.json

PALMS is a set packed by `mlcore prepare`. Each held-out palm is called what the five training palms nearest to it are
called, in EfficientNet-Lite2; if the words were to be seen on palms, the shares would come out as they are.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np

from mlcore.metrics.kinds import kinds
from mlcore.metrics.tones import lightness
from mlcore.models import features
from mlcore.presets import DataSettings
from mlcore.runs import Palms

SIDE = 128


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("palms", type=Path)
    parser.add_argument("out", type=Path)
    args = parser.parse_args()
    training, held = (Palms(args.palms, split, SIDE, DataSettings()) for split in ("train", "validation"))
    labels, held_labels = (
        np.array([skin or "not said" for skin in each.columns["skin"]]) for each in (training, held)
    )
    pictures, held_pictures = (each.images(np.arange(len(each))) for each in (training, held))
    light = lightness(pictures)
    extractor = features.load("efficientnet-lite2")
    voted = kinds(extractor(held_pictures).numpy(), extractor(pictures).numpy(), list(labels))
    rows = [
        {
            "skin": str(label),
            "training_palms": int((labels == label).sum()),
            "lightness_5_50_95": np.percentile(light[labels == label], (5, 50, 95)).round(1).tolist(),
            "share_of_held_out": round(float((held_labels == label).mean()), 3),
            "share_by_the_nearest": round(voted[str(label)], 3),
        }
        for label in np.unique(labels)
    ]
    command = "python -m tests.benchmarks.skin_labels " + " ".join(sys.argv[1:])
    args.out.write_text(
        json.dumps({"command": command, "held_out": len(held), "rows": rows}, indent=2) + "\n"
    )


if __name__ == "__main__":
    main()
