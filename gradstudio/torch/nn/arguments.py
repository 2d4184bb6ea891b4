"""Arguments of modules: what is said where they are wrong names the class whose `__init__` speaks in PyTorch."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from types import FunctionType
from typing import Any, TypeVar

from gradstudio.engine.errors import type_name

REQUIRED: Any = object()
BASES = {  # that class, where it is not the module's own
    **dict.fromkeys(("Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout", "FeatureAlphaDropout"), "_DropoutNd"),
    **{f"{kind}{n}d": f"_{kind}Nd" for kind in ("AdaptiveAvgPool", "AdaptiveMaxPool", "MaxPool", "LPPool") for n in (1, 2, 3)},
    **dict.fromkeys(("L1Loss", "MSELoss", "MultiLabelMarginLoss", "SoftMarginLoss"), "_Loss"),
    **dict.fromkeys(("BCELoss", "MultiLabelSoftMarginLoss"), "_WeightedLoss"),
}
KEYWORDS = ("GaussianNLLLoss",)  # take settings by name only

Kind = TypeVar("Kind", bound=type[Any])
Init = TypeVar("Init", bound=Callable[..., None])


def bound(name: str, settings: Mapping[str, Any], args: tuple[Any, ...], named: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a layer from its arguments. Raise TypeError as Python does for a function with these parameters."""
    told = f"{BASES.get(name, name)}.__init__()"
    places = [] if name in KEYWORDS else list(settings)
    given = dict(zip(places, args, strict=False))
    for key in named:
        if key not in settings:
            raise TypeError(f"{told} got an unexpected keyword argument '{key}'")
        if key in given:
            raise TypeError(f"{told} got multiple values for argument '{key}'")
    if len(args) > len(places):
        raise TypeError(f"{told} takes {_room(settings, places)} but {len(args) + 1} were given")
    given.update(named)
    missing = [f"'{key}'" for key, default in settings.items() if default is REQUIRED and key not in given]
    if missing:
        raise TypeError(f"{told} missing {len(missing)} required positional argument{_s(len(missing))}: {_listed(missing)}")
    return {key: given.get(key, default) for key, default in settings.items()}


def check_name(kind: str, name: Any, taken: bool) -> None:
    """Raise TypeError or KeyError for what cannot name a parameter, buffer or part of a module, or names another thing in it."""
    if not isinstance(name, str):
        raise TypeError(f"{kind} name should be a string. Got {type_name(name)}")
    if "." in name:
        raise KeyError(f'{kind} name can\'t contain "."' + (f", got: {name}" if kind == "module" else ""))
    if not name:
        raise KeyError(f'{kind} name can\'t be empty string ""')
    if taken:
        raise KeyError(f"attribute '{name}' already exists")


def own_init(kind: Kind) -> Kind:
    """Give a class an `__init__` of its own, the same as the one it inherits: errors about its arguments name the class."""
    init: Any = kind.__init__
    own = FunctionType(init.__code__, init.__globals__, "__init__", init.__defaults__, init.__closure__)
    own.__kwdefaults__, own.__annotations__, own.__doc__ = init.__kwdefaults__, init.__annotations__, init.__doc__
    own.__qualname__ = f"{kind.__name__}.__init__"
    kind.__init__ = own
    return kind


def spoken_by(base: str) -> Callable[[Init], Init]:
    """Have an `__init__` speak in the name of another class."""

    def named(init: Init) -> Init:
        init.__qualname__ = f"{base}.__init__"
        return init

    return named


def _room(settings: Mapping[str, Any], places: list[str]) -> str:
    least, most = 1 + sum(settings[key] is REQUIRED for key in places), 1 + len(places)
    return f"{least} positional argument{_s(least)}" if least == most else f"from {least} to {most} positional arguments"


def _s(count: int) -> str:
    return "" if count == 1 else "s"


def _listed(names: list[str]) -> str:
    """Return names as Python lists them: a; a and b; a, b, and c."""
    return " and ".join(names) if len(names) < 3 else f"{', '.join(names[:-1])}, and {names[-1]}"
