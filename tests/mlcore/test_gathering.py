"""From photographs to references: who is grouped with whom where nobody said who is on them."""

import cv2
import numpy as np

from mlcore import gathering, images


def test_folders_stay_together_where_nobody_is_known(tmp_path):
    stream = np.random.default_rng(0)
    for person in range(5):
        (tmp_path / "photos" / f"{person}").mkdir(parents=True)
        for number in range(1, 5):
            coarse = stream.integers(0, 256, (12, 12, 3), dtype=np.uint8)
            picture = cv2.resize(coarse, (300, 300), interpolation=cv2.INTER_NEAREST)
            path = tmp_path / "photos" / f"{person}" / f"{number}.png"
            path.write_bytes(images.encode_png(picture))
    found = gathering.gather(tmp_path / "photos", tmp_path / "set")
    assert found.files[:5] == ["0/1.png", "0/2.png", "0/3.png", "0/4.png", "1/1.png"]
    people = [file.split("/")[0] for file in found.files]
    blocks = gathering.groups(found.files, found.people)
    # Ten blocks of twenty pictures: each lies within one folder, so nobody is in two halves by his file's number alone.
    assert all(
        len({who for who, of in zip(people, blocks, strict=True) if of == block}) == 1 for block in blocks
    )
