"""Values: a frozen dataclass once more, with some fields changed.

A decision changes few fields of rows that have many, some ten times a step, and `dataclasses.replace`
takes twice as long about it as this, which only copies.
"""

import dataclasses
from collections.abc import Callable
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, TypeAlias

# How to read all fields of a class, and how to set each by its name.
_Shape: TypeAlias = tuple[
    Callable[[Any], tuple[object, ...]], dict[str, Callable[[Any, Any], None]]
]

_SHAPES: Final[dict[type, _Shape]] = {}

if TYPE_CHECKING:
    from dataclasses import replace as replace  # noqa: PLC0414 - this is its name here
else:

    def replace(row: Any, /, **fields: object) -> Any:  # noqa: ANN401 - checked as `replace` is
        """Return the frozen, slotted dataclass with these fields changed; TypeError on others.

        What its class would check when it is made is not checked again, so a class that checks
        anything is refused: use `dataclasses.replace`.
        """
        cls = type(row)
        read, setters = _SHAPES.get(cls) or _shape(cls)
        made = object.__new__(cls)
        for put, value in zip(setters.values(), read(row), strict=True):
            put(made, value)
        try:
            for name, value in fields.items():
                setters[name](made, value)
        except KeyError as error:
            raise TypeError(f"{cls.__name__} has no field {error}") from None
        return made


def _shape(cls: type) -> _Shape:
    names = [field.name for field in dataclasses.fields(cls)]
    if hasattr(cls, "__post_init__") or set(names) != set(getattr(cls, "__slots__", ())):
        raise TypeError(f"{cls.__name__} is not of plain slots: use dataclasses.replace")
    setters = {name: getattr(cls, name).__set__ for name in names}
    # With a single name the getter would return its value, not a tuple of values.
    read = attrgetter(*names) if len(names) > 1 else lambda row: (getattr(row, names[0]),)
    _SHAPES[cls] = read, setters
    return _SHAPES[cls]
