"""From a small TOML file to the settings of a run: a preset says the recipe, its numbers and the run's.

Every key must be a field of the dataclass it fills, so a typing error is refused and never ignored.
"""

import json
import tomllib
import warnings
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from mlcore.errors import MlcoreError
from mlcore.recipes.base import Recipe
from mlcore.recipes.dcgan import Dcgan, DcganSettings
from mlcore.recipes.diffusion import Diffusion, DiffusionSettings
from mlcore.recipes.enlarge import Enlarge, EnlargeSettings
from mlcore.recipes.projected import Projected, ProjectedSettings
from mlcore.recipes.refine import Refine, RefineSettings
from mlcore.recipes.relativistic import Relativistic, RelativisticSettings
from mlcore.recipes.wgan_gp import WganGp, WganGpSettings
from mlcore.run_settings import RunSettings

PRECISIONS = ("float32", "bfloat16")
FOLDER = Path(__file__).parent / "recipes" / "presets"

RECIPES: dict[str, tuple[type[Recipe], type[Any]]] = {
    "dcgan": (Dcgan, DcganSettings),
    "relativistic": (Relativistic, RelativisticSettings),
    "projected": (Projected, ProjectedSettings),
    "enlarge": (Enlarge, EnlargeSettings),
    "wgan_gp": (WganGp, WganGpSettings),
    "diffusion": (Diffusion, DiffusionSettings),
    "refine": (Refine, RefineSettings),
}


class PresetError(MlcoreError):
    """A preset or an override that cannot be read; says which key and what would do."""


@dataclass(frozen=True, kw_only=True)
class DataSettings:
    """Which pictures a run takes from a packed set."""

    sources: list[str] = field(default_factory=list)  # none named: all of them
    # Mirror the palms whose thumb points the other way, so that the network learns one kind; the engine mirrors back.
    thumb: Literal["as it is", "left", "right"] = "as it is"


@dataclass(frozen=True, kw_only=True)
class MeasureSettings:
    """What is measured on validation while training, to keep the best."""

    extractor: str = "efficientnet-lite0"
    count: int = 500

    def __post_init__(self) -> None:
        """Refuse so few pictures that no measure means anything."""
        if self.count < 10:
            raise PresetError(f"measure.count is {self.count}; it must be at least 10.")


@dataclass(frozen=True, kw_only=True)
class Preset:
    """All that a run needs beside the data and a folder."""

    name: str
    about: str
    recipe: str
    settings: Any
    run: RunSettings = field(default_factory=RunSettings)
    data: DataSettings = field(default_factory=DataSettings)
    measure: MeasureSettings = field(default_factory=MeasureSettings)

    def make_recipe(self) -> Recipe:
        """The networks and losses, freshly started from the run's seed; what cannot be built is refused."""
        if self.settings.precision not in PRECISIONS:
            raise PresetError(
                f"precision is {self.settings.precision!r}; it must be one of {', '.join(PRECISIONS)}."
            )
        try:
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", message="Initializing zero-element tensors")
                recipe = RECIPES[self.recipe][0](self.settings)
            recipe.make_optimisers()
        except (ValueError, TypeError, RuntimeError, ArithmeticError, LookupError, AssertionError) as error:
            raise PresetError(f"{self.name}: these settings make no network: {error}.") from error
        empty = [name for name, weights in recipe.networks.named_parameters() if not weights.numel()]
        if empty:
            raise PresetError(f"{self.name}: with these settings {empty[0]} has no weights; give it a width.")
        return recipe


def names() -> list[str]:
    """The presets that come with the package."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def read(name: str, overrides: list[str] | None = None) -> Preset:
    """A preset by name or path, with `key=value` overrides (`run.steps=500`, or `steps=500` where it is clear)."""
    path = Path(name) if name.endswith(".toml") else FOLDER / f"{name}.toml"
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise PresetError(f"There is no preset {name!r}; there are {', '.join(names())}.") from None
    except ValueError as error:  # no TOML, or no text at all
        raise PresetError(f"{path} is no TOML: {error}.") from error
    recipe = content.pop("recipe", None)
    if recipe not in RECIPES:
        raise PresetError(f"{path.stem}: recipe is {recipe!r}; it must be one of {', '.join(RECIPES)}.")
    tables = {
        "settings": RECIPES[recipe][1],
        "run": RunSettings,
        "data": DataSettings,
        "measure": MeasureSettings,
    }
    changed = [_override(content, override, tables) for override in overrides or []]
    about = content.pop("about", "")
    unknown = sorted(set(content) - set(tables))
    if unknown:
        raise PresetError(f"{path.stem}: there is no table {unknown[0]!r}; tables are {', '.join(tables)}.")
    built = {table: build(kind, content.get(table, {}), table) for table, kind in tables.items()}
    if built["run"].epochs and ["run", "steps"] in changed:
        raise PresetError(
            f"--set steps has no effect: epochs decide how long {path.stem} trains, and are {built['run'].epochs}. "
            "Give --set epochs=0 too, or other epochs instead."
        )
    return Preset(name=path.stem, about=about, recipe=recipe, **built)


def shown(preset: Preset) -> str:
    """The whole of a preset as TOML, defaults included: what `--show` prints and a run folder keeps."""
    lines = [f"about = {_toml(preset.about)}", f"recipe = {_toml(preset.recipe)}"]
    for table in ("data", "run", "measure", "settings"):
        lines += _table_lines(table, getattr(preset, table))
    return "\n".join(lines) + "\n"


def build(kind: type[Any], content: object, place: str) -> Any:
    """An instance of a settings dataclass from a TOML table, every value checked against its type."""
    if not isinstance(content, dict):
        raise PresetError(f"{place} is {content!r}; it must be a table: write {place}.key=value.")
    hints = get_type_hints(kind)
    known = {entry.name for entry in fields(kind)}
    for key in content:
        if key not in known:
            raise PresetError(f"{place} has no {key!r}; it has {', '.join(sorted(known))}.")
    lacking = [
        entry.name
        for entry in fields(kind)
        if entry.default is MISSING and entry.default_factory is MISSING and entry.name not in content
    ]
    if lacking:
        raise PresetError(f"{place} lacks {lacking[0]!r}; give it with --set {place}.{lacking[0]}=...")
    return kind(**{key: _fitted(hints[key], value, f"{place}.{key}") for key, value in content.items()})


def _fitted(hint: Any, value: Any, place: str) -> Any:
    """The value as the type that the dataclass declares, or a PresetError."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (UnionType, Union):
        if value is False and type(None) in arguments:
            return None  # TOML has no null: `augment = false` turns an option off
        return _fitted(next(each for each in arguments if each is not type(None)), value, place)
    if origin is Literal:
        if value in arguments:
            return value
        raise PresetError(f"{place} is {value!r}; it must be one of {', '.join(map(str, arguments))}.")
    if origin in (list, tuple):
        if not isinstance(value, list) or (origin is tuple and len(value) != len(arguments)):
            raise PresetError(f"{place} is {value!r}; it must be a list of {len(arguments)} or more values.")
        inner = arguments if origin is tuple else (arguments[0],) * len(value)
        return origin(_fitted(each, item, place) for each, item in zip(inner, value, strict=True))
    if is_dataclass(hint):
        return build(hint, value, place)  # type: ignore[arg-type]
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, hint) or (hint is int and isinstance(value, bool)):
        raise PresetError(f"{place} is {value!r}; it must be of type {hint.__name__}.")
    return value


def _override(content: dict[str, Any], override: str, tables: dict[str, type[Any]]) -> list[str]:
    """Put `key=value` into the table it belongs to, and say where that is."""
    key, equals, text = override.partition("=")
    if not equals:
        raise PresetError(f"--set {override!r} has no '='; write --set key=value.")
    path = key.strip().split(".")
    if path[0] not in tables:
        homes = [table for table, kind in tables.items() if path[0] in {e.name for e in fields(kind)}]
        if len(homes) != 1:
            place = "in more than one table; write table.key" if homes else "unknown"
            raise PresetError(f"--set {key.strip()!r} is {place}.")
        path.insert(0, homes[0])
    try:
        value = tomllib.loads(f"value = {text.strip()}")["value"]
    except ValueError:  # no TOML, or more digits than Python reads
        value = text.strip()
    table = content
    for part in path[:-1]:
        table = table.setdefault(part, {})
        if not isinstance(table, dict):
            raise PresetError(f"--set {key.strip()!r}: {part} is no table.")
    table[path[-1]] = value
    return path


def _table_lines(table: str, settings: Any) -> list[str]:
    lines, nested = ["", f"[{table}]"], []
    for entry in fields(settings):
        value = getattr(settings, entry.name)
        if is_dataclass(value):
            nested += _table_lines(f"{table}.{entry.name}", value)
        else:
            lines.append(f"{entry.name} = {_toml(value)}")
    return lines + nested


def _toml(value: Any) -> str:
    if value is None:
        return "false"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    return repr(value)
