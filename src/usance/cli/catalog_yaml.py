"""A catalogue document as YAML: what `catalog_file` reads, written so that it reads the same again.

Units: numbers are written digit for digit, never as floats or with an exponent.
"""

from decimal import Decimal
from typing import Final

import yaml

from usance.cli import catalog_file

_WIDTH: Final = 100


def dump(document: dict[str, object]) -> str:
    """Return the document as YAML, without what is null or empty: both mean that it is not there."""
    return yaml.dump(
        _present(document),
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=None,  # what holds nothing but scalars takes one line
        width=_WIDTH,
    )


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:
        """Write what comes twice twice."""
        del data
        return True


def _present(value: object) -> object:
    match value:
        case dict():
            # In metadata null is a value.
            written = {
                name: each if name == "metadata" else _present(each) for name, each in value.items()
            }
            return {name: each for name, each in written.items() if each not in (None, {}, [])}
        case list():
            return [_present(each) for each in value]
        case _:
            return value


def _number(dumper: _Dumper, value: Decimal) -> yaml.ScalarNode:
    text = format(value, "f")
    kind = "float" if "." in text else "int"  # else PyYAML would write the tag as well
    return dumper.represent_scalar(f"tag:yaml.org,2002:{kind}", text)


def _text(dumper: _Dumper, value: str) -> yaml.ScalarNode:
    """Quote what would be read as something else: PyYAML knows only what itself would read so."""
    style = None if _is_plain(value) else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


def _is_plain(value: str) -> bool:
    return (
        value.isascii()
        and value.replace(" ", "").replace("_", "").isalpha()
        and (catalog_file.loads(value.encode(), "") == value)
    )


_Dumper.add_representer(Decimal, _number)
_Dumper.add_representer(str, _text)
