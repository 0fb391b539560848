"""Pictures without a hand, and hands before other backgrounds: what teaches a detector to stay silent.

Everything is drawn from a random stream: the same seed makes the same pictures. Used for training only.
"""

from collections.abc import Callable, Sequence

import cv2
import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]  # H x W x 3, RGB
Stream = np.random.Generator


def negative(stream: Stream, side: int, photos: Sequence[Picture]) -> Picture:
    """One picture without a hand: two of three times a piece of a photo when there are photos."""
    if photos and stream.random() < 0.66:
        return photo_piece(stream, side, photos)
    kinds: list[Callable[[Stream, int], Picture]] = [
        sky, waves, noise, blocks, writing, skin_shapes, faces, planks, cloth, plain,
    ]  # fmt: skip
    return kinds[int(stream.integers(len(kinds)))](stream, side)


def photo_piece(stream: Stream, side: int, photos: Sequence[Picture]) -> Picture:
    """A random square of a random photo, mirrored, turned by quarters and tinted."""
    photo = photos[int(stream.integers(len(photos)))]
    height, width = photo.shape[:2]
    edge = int(min(height, width) * stream.uniform(0.25, 1.0))
    top, left = stream.integers(height - edge + 1), stream.integers(width - edge + 1)
    piece = cv2.resize(
        photo[top : top + edge, left : left + edge], (side, side), interpolation=cv2.INTER_AREA
    )
    piece = np.rot90(piece, int(stream.choice([0, 0, 0, 1, 2, 3])))
    if stream.random() < 0.5:
        piece = piece[:, ::-1]
    gain = stream.uniform(0.6, 1.25) * stream.uniform(0.9, 1.1, 3)
    return _clip(piece * gain)


def skin(stream: Stream) -> npt.NDArray[np.float64]:
    """A skin-like colour from light to dark."""
    light, dark = np.array([245.0, 205.0, 185.0]), np.array([90.0, 55.0, 40.0])
    return np.asarray(light + (dark - light) * stream.random() + stream.normal(0, 8, 3), dtype=np.float64)


def plain(stream: Stream, side: int) -> Picture:
    """One colour, sometimes skin, with light falling off and a little noise."""
    colour = skin(stream) if stream.random() < 0.4 else stream.uniform(0, 255, 3)
    return _clip(colour * _light(stream, side) + stream.normal(0, stream.uniform(0, 6), (side, side, 3)))


def sky(stream: Stream, side: int) -> Picture:
    """A vertical gradient with clouds."""
    top, bottom = np.array([60, 120, 210.0]), np.array([200, 220, 245.0])
    down = np.linspace(0, 1, side)[:, None, None]
    field = _cloud(stream, side, 5)[..., None]
    field = np.clip(field * stream.uniform(0.5, 2) - stream.uniform(0, 0.6), 0, 1)
    base = (top * (1 - down) + bottom * down) * stream.uniform(0.5, 1.1, 3)
    return _clip(base * (1 - field) + 250 * field)


def waves(stream: Stream, side: int) -> Picture:
    """Bent stripes of two colours: curtains, sand, folds."""
    y, x = np.mgrid[:side, :side] / side
    bent = _cloud(stream, side, 3) * stream.uniform(0, 1.5)
    turn, pace = stream.uniform(0, np.pi), stream.uniform(3, 40)
    wave = 0.5 + 0.5 * np.sin((x * np.cos(turn) + y * np.sin(turn) + bent) * pace)
    return _mix(stream, wave, side)


def noise(stream: Stream, side: int) -> Picture:
    """Coloured noise of some grain: asphalt, grass, plaster."""
    layers = [_cloud(stream, side, int(stream.integers(2, 7))) for _ in range(3)]
    grain = stream.normal(0, stream.uniform(0, 0.25), (side, side, 3))
    return _clip(stream.uniform(30, 225, 3) + 140 * (np.stack(layers, axis=2) - 0.5 + grain))


def blocks(stream: Stream, side: int) -> Picture:
    """Rectangles and discs of many colours: a shelf, a desk, a street."""
    canvas = plain(stream, side)
    for _ in range(stream.integers(5, 60)):
        colour = tuple(int(value) for value in stream.integers(0, 255, 3))
        x, y = (int(value) for value in stream.integers(0, side, 2))
        width, height = (int(value) for value in stream.integers(side // 30, side // 2, 2))
        if stream.random() < 0.7:
            cv2.rectangle(canvas, (x, y), (x + width, y + height), colour, -1 if stream.random() < 0.8 else 3)
        else:
            cv2.circle(canvas, (x, y), width // 2, colour, -1)
    return _soften(stream, canvas)


def writing(stream: Stream, side: int) -> Picture:
    """Lines of letters on paper or on a board."""
    canvas = plain(stream, side)
    dark = tuple(int(value) for value in stream.integers(0, 255, 3))
    step = int(stream.integers(10, 44))
    for y in range(step, side, step):
        letters = "".join(chr(int(code)) for code in stream.integers(33, 122, 60))
        cv2.putText(
            canvas, letters, (int(stream.integers(-20, 30)), y), 0, step / 34, dark, max(1, step // 16)
        )
    return _soften(stream, canvas)


def skin_shapes(stream: Stream, side: int) -> Picture:
    """Skin-coloured things that are no hands: blobs, tubes, boxes with creases."""
    y, x = np.mgrid[:side, :side] / side
    canvas = plain(stream, side).astype(np.float64)
    for _ in range(stream.integers(1, 4)):
        centre, turn = stream.uniform(0.1, 0.9, 2), stream.uniform(0, np.pi)
        long, short = stream.uniform(0.15, 0.7), stream.uniform(0.06, 0.25)
        across = (x - centre[0]) * np.cos(turn) + (y - centre[1]) * np.sin(turn)
        down = -(x - centre[0]) * np.sin(turn) + (y - centre[1]) * np.cos(turn)
        power = stream.choice([2.0, 3.0, 8.0])
        inside = np.abs(across / long) ** power + np.abs(down / short) ** power
        mask = np.clip((1 - inside) * 20, 0, 1)[..., None]
        shade = _light(stream, side) * (0.75 + 0.25 * np.clip(1 - inside, 0, 1))[..., None]
        canvas = canvas * (1 - mask) + skin(stream) * shade * mask
    return _soften(stream, _clip(canvas + stream.normal(0, 4, canvas.shape)))


def faces(stream: Stream, side: int) -> Picture:
    """Ovals with eyes, a mouth, hair and shoulders."""
    canvas = noise(stream, side) if stream.random() < 0.5 else plain(stream, side)
    for _ in range(stream.integers(1, 4)):
        x, y = (int(value) for value in stream.uniform(0.2, 0.8, 2) * side)
        high = int(stream.uniform(0.08, 0.3) * side)
        wide, tone = int(high * stream.uniform(0.65, 0.85)), skin(stream)
        hair = tuple(float(value) for value in stream.uniform(10, 110, 3))
        cloth_colour = tuple(float(value) for value in stream.uniform(0, 255, 3))
        fill, dark = tuple(map(float, tone)), tuple(map(float, tone * 0.4))
        cv2.ellipse(canvas, (x, y + 2 * high), (2 * wide, high), 0, 0, 360, cloth_colour, -1)
        cv2.rectangle(canvas, (x - wide // 2, y), (x + wide // 2, y + int(1.4 * high)), fill, -1)
        cv2.ellipse(canvas, (x, y - high // 5), (int(wide * 1.15), int(high * 1.1)), 0, 0, 360, hair, -1)
        cv2.ellipse(canvas, (x, y), (wide, high), 0, 0, 360, fill, -1)
        for aside in (-1, 1):
            cv2.ellipse(
                canvas, (x + aside * wide // 2, y - high // 6), (wide // 6, high // 14), 0, 0, 360, dark, -1
            )
        cv2.ellipse(canvas, (x, y + high // 2), (wide // 3, high // 12), 0, 0, 360, (150.0, 60.0, 60.0), -1)
        cv2.line(canvas, (x, y), (x, y + high // 4), dark, max(1, wide // 14))
    return _soften(stream, _clip(canvas * _light(stream, side)))


def planks(stream: Stream, side: int) -> Picture:
    """Boards with grain, or tiles."""
    canvas = np.zeros((side, side, 3))
    step = int(stream.integers(side // 12, side // 3))
    tone = skin(stream) if stream.random() < 0.5 else stream.uniform(40, 220, 3)
    for top in range(0, side, step):
        grain = cv2.resize(stream.normal(0, 1, (step, 8)), (side, step), interpolation=cv2.INTER_CUBIC)
        board = tone * stream.uniform(0.75, 1.15) + 12 * grain[..., None]
        canvas[top : top + step] = board[: side - top]
        canvas[top : top + max(1, step // 25)] *= 0.4
    return _clip(np.rot90(canvas, int(stream.integers(2))) * _light(stream, side))


def cloth(stream: Stream, side: int) -> Picture:
    """Woven checks with folds."""
    y, x = np.mgrid[:side, :side] / side
    pace, other = stream.uniform(8, 90, 2)
    weave = (np.sin(x * pace) > stream.uniform(-0.8, 0.8)) * 0.5 + (np.sin(y * other) > 0) * 0.5
    return _clip(_mix(stream, weave, side) * (0.6 + 0.8 * _cloud(stream, side, 2))[..., None])


def cut_out(photo: Picture, hand: Sequence[float], palm: Sequence[float]) -> npt.NDArray[np.float32] | None:
    """A soft mask of the hand before a quiet background (corners in pixels), or None."""
    height, width = photo.shape[:2]
    grey = cv2.cvtColor(photo, cv2.COLOR_RGB2HSV)
    marks = np.full((height, width), cv2.GC_BGD, np.uint8)
    left, top, right, bottom = (round(value) for value in hand)
    box = (slice(max(top, 0), bottom), slice(max(left, 0), right))
    # Cloth and paper behind hands are pale or black; skin is neither.
    quiet = (grey[..., 1] < 42) | (grey[..., 2] < 50)
    marks[box] = np.where(quiet[box], cv2.GC_PR_BGD, cv2.GC_PR_FGD)
    middle = (round((palm[0] + palm[2]) / 2), round((palm[1] + palm[3]) / 2))
    radii = (max(2, round((palm[2] - palm[0]) * 0.3)), max(2, round((palm[3] - palm[1]) * 0.3)))
    cv2.ellipse(marks, middle, radii, 0, 0, 360, cv2.GC_FGD, -1)
    if not ((marks == cv2.GC_BGD) | (marks == cv2.GC_PR_BGD)).any():
        return None
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.setRNGSeed(0)
    cv2.grabCut(photo, marks, (0, 0, 1, 1), *models, 3, cv2.GC_INIT_WITH_MASK)
    mask = ((marks == cv2.GC_FGD) | (marks == cv2.GC_PR_FGD)).astype(np.uint8)
    _, parts, facts, _ = cv2.connectedComponentsWithStats(mask)
    part = int(parts[middle[1], middle[0]])
    filled = facts[part][cv2.CC_STAT_AREA] / max((bottom - top) * (right - left), 1)
    if part == 0 or not 0.25 < filled < 0.9:
        return None
    return np.asarray(cv2.GaussianBlur((parts == part).astype(np.float32), (3, 3), 0), dtype=np.float32)


def _cloud(stream: Stream, side: int, octaves: int) -> npt.NDArray[np.float64]:
    """Smooth noise in 0..1, finer with more octaves."""
    total = np.zeros((side, side))
    for octave in range(octaves):
        cells = min(2 ** (octave + 1) + 1, side)
        layer = cv2.resize(stream.random((cells, cells)), (side, side), interpolation=cv2.INTER_CUBIC)
        total += np.asarray(layer, dtype=np.float64) / 2 ** (octave * 0.7)
    return np.asarray((total - total.min()) / max(float(np.ptp(total)), 1e-9), dtype=np.float64)


def _light(stream: Stream, side: int) -> npt.NDArray[np.float64]:
    """Uneven light, side x side x 1, around one."""
    return (1 + stream.uniform(0, 0.6) * (_cloud(stream, side, 1) - 0.5))[..., None]


def _mix(stream: Stream, part: npt.NDArray[np.float64], side: int) -> Picture:
    """Two colours by a field in 0..1."""
    one = skin(stream) if stream.random() < 0.3 else stream.uniform(0, 255, 3)
    other = stream.uniform(0, 255, 3)
    return _clip((one * part[..., None] + other * (1 - part[..., None])) * _light(stream, side))


def _soften(stream: Stream, picture: Picture) -> Picture:
    """Blur as a lens does, or not at all."""
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), float(stream.uniform(0.3, 2.0))), dtype=np.uint8)


def _clip(values: npt.NDArray[np.floating]) -> Picture:
    return np.asarray(np.clip(values, 0, 255), dtype=np.uint8)
