import json
import subprocess
import sys

import pytest

from mlcore.spec import GenerationSpec, SpecError


def test_a_spec_survives_json() -> None:
    spec = GenerationSpec(count=3, seed=2**62, first_index=9, candidates=2, min_probability=0.6, hand="left")
    assert GenerationSpec.from_json(spec.to_json()) == spec
    assert GenerationSpec.from_json(json.loads(spec.to_json())) == spec


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("count", 0),
        ("count", True),
        ("count", 1.5),
        ("count", 10**9),
        ("seed", -1),
        ("seed", 2**63),
        ("first_index", -1),
        ("candidates", 0),
        ("candidates", 65),
        ("min_probability", -0.1),
        ("min_probability", 1.0),
        ("min_probability", float("nan")),
        ("min_probability", "0.5"),
        ("max_draws", 0),
        ("hand", "both"),
        ("look", ""),
        ("look", "x" * 65),
    ],
)
def test_each_field_refuses_what_cannot_be_made(field: str, value: object) -> None:
    with pytest.raises(SpecError) as refusal:
        GenerationSpec(**({"count": 1} | {field: value}))
    assert refusal.value.field == field


def test_the_message_names_value_and_limit() -> None:
    with pytest.raises(SpecError, match=r"candidates is 65; it must be from 1 to 64\."):
        GenerationSpec(count=1, candidates=65)


def test_fields_must_agree() -> None:
    with pytest.raises(SpecError, match="less than the 9 candidates"):
        GenerationSpec(count=1, candidates=9, max_draws=8)
    with pytest.raises(SpecError, match="index over"):
        GenerationSpec(count=2, first_index=99_999_999)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"version": 2, "count": 1}', '{"version": 1}', '{"version": 1, "count": 1, "size": 2}'],
)
def test_json_that_is_no_spec_is_refused(text: str) -> None:
    with pytest.raises(SpecError):
        GenerationSpec.from_json(text)


@pytest.mark.slow
def test_web_code_can_import_it_without_torch_or_numpy() -> None:
    code = "import sys, mlcore.spec; sys.exit(any(m in sys.modules for m in ('torch', 'numpy', 'cv2')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
