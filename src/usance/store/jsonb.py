"""JSON as PostgreSQL keeps it: numbers are exact decimals, in and out, and never floats.

Units: `jsonb` numbers are `numeric`, so `1.50` keeps both decimals and 10^30 all its digits.
"""

from decimal import Decimal
from typing import Any, Final

import msgspec

_ENCODER: Final = msgspec.json.Encoder(decimal_format="number", enc_hook=None)
_DECODER: Final = msgspec.json.Decoder(float_hook=Decimal)


def encode(value: object) -> str:
    """Return the value as JSON text; decimals as numbers, UUIDs and instants as text.

    >>> encode({"amount": Decimal("49.00"), "share": Decimal("1E-7")})
    '{"amount":49.00,"share":1E-7}'
    """
    return _ENCODER.encode(value).decode()


def decode(text: str) -> Any:  # noqa: ANN401 - what was stored decides
    """Return what the JSON text says; whole numbers as int, others as Decimal.

    >>> decode('{"amount": 49.00, "count": 3}')
    {'amount': Decimal('49.00'), 'count': 3}
    """
    return _DECODER.decode(text)
