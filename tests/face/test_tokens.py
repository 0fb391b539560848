"""Every ink can be read on every ground it stands on, in both themes."""

import re
from pathlib import Path

import pytest

STATIC = Path(__file__).parents[2] / "static"
TOKENS = (STATIC / "css" / "tokens.css").read_text()
PAIR = re.compile(r"--([\w-]+): light-dark\(#([0-9a-f]{6}), #([0-9a-f]{6})\)")
COLOURS = {name: {"light": light, "dark": dark} for name, light, dark in PAIR.findall(TOKENS)}
READ = [
    *[
        (ink, ground)
        for ink in ("ink", "quiet", "accent", "accent-strong")
        for ground in ("paper", "card", "sunk")
    ],
    *[(ink, ground) for ink in ("good", "warn", "bad") for ground in ("paper", "card", f"{ink}-soft")],
    *[("ink", f"{kind}-soft") for kind in ("accent", "good", "warn", "bad")],
    ("accent", "accent-soft"),
    ("on-accent", "accent"),
    ("on-accent", "accent-strong"),
    ("paper", "ink"),
]


def luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_the_formula_is_the_standard_one():
    assert contrast("000000", "ffffff") == pytest.approx(21)
    assert contrast("777777", "ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), READ)
def test_ink_is_read_on_ground(ink, ground, theme):
    ratio = contrast(COLOURS[ink][theme], COLOURS[ground][theme])
    assert ratio >= 4.5, f"{ink} on {ground} in {theme}: {ratio:.2f}"


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("ground", ["paper", "card", "sunk"])
def test_the_edge_of_a_field_is_seen(ground, theme):
    assert contrast(COLOURS["line-strong"][theme], COLOURS[ground][theme]) >= 3


def test_no_other_sheet_writes_a_colour_of_its_own():
    for sheet in (STATIC / "css").glob("*.css"):
        if sheet.name in {
            "tokens.css",
            "api-docs.css",
        }:  # the latter lays a light sheet under Swagger's colours
            continue
        text = re.sub(r"@media print\s*\{.*?\n\}", "", sheet.read_text(), flags=re.DOTALL)
        assert not re.findall(r"#[0-9a-fA-F]{3,8}\b|rgba?\(|hsla?\(", text), sheet.name


def test_every_property_that_is_used_is_defined():
    sheets = [sheet.read_text() for sheet in (STATIC / "css").glob("*.css")]
    defined = {name for text in sheets for name in re.findall(r"(--[\w-]+)\s*:", text)}
    used = {name for text in sheets for name in re.findall(r"var\((--[\w-]+)\)", text)}
    assert used <= defined
