"""Money: exact decimals, rounded once, to the minor unit of their currency.

Units: amounts are in the currency's major unit (dollars, not cents); an exponent is its number of
decimals. Nothing before an invoice line is rounded; a line is, half away from zero.

Importing this module gives the whole process a decimal context of 120 digits. See `EXACT`.

Sources: ISO 4217 as published on 2026-01-01; BILLING.md, "Principles" and "Catalogue".
"""

import decimal
from decimal import Decimal
from fractions import Fraction
from typing import Final

# Python's own context keeps 28 digits and rounds what is longer without a word. Ours are longer: a
# quantity times a unit price has up to 60 digits, weighted 72, and a sum of such a few more. So
# every context is widened: `DefaultContext` is the pattern for threads, and for tasks, that have
# none yet; the current one is changed in place, because those who inherited it share the object.
EXACT: Final = decimal.Context(
    prec=120,
    rounding=decimal.ROUND_HALF_UP,
    traps=[decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow],
)
for _context in (decimal.DefaultContext, decimal.getcontext()):
    _context.prec = EXACT.prec
    _context.rounding = EXACT.rounding
    _context.traps.update(EXACT.traps)

# All codes with a minor unit, fund codes too. A currency that ISO withdraws stays here: the
# invoices in it stay as well.
_DECIMALS: Final = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: (
        "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD "
        "CAD CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP "
        "GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK "
        "LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO "
        "NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS "
        "SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST "
        "XAD XCD XCG YER ZAR ZMW ZWG"
    ),
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
_EXPONENTS: Final = {code: count for count, codes in _DECIMALS.items() for code in codes.split()}


class UnknownCurrency(ValueError):  # noqa: N818 - named by the fact, like a refusal
    """A code that ISO 4217 does not know, or that has no minor unit (gold, test codes)."""

    def __init__(self, currency: str) -> None:
        super().__init__(f"{currency!r} is not a currency of ISO 4217 (three capital letters).")
        self.currency = currency


def currencies() -> tuple[str, ...]:
    """Return the codes of all currencies in which one can be billed, in order."""
    return tuple(sorted(_EXPONENTS))


def is_currency(code: str) -> bool:
    """Return whether `code` is a currency in which one can be billed; `usd` is not, `USD` is."""
    return code in _EXPONENTS


def exponent(currency: str) -> int:
    """Return the number of decimals of the currency's minor unit, or raise `UnknownCurrency`.

    >>> [exponent(code) for code in ("USD", "JPY", "KWD", "CLF")]
    [2, 0, 3, 4]
    """
    if currency not in _EXPONENTS:
        raise UnknownCurrency(currency)
    return _EXPONENTS[currency]


def rounded(exact: Decimal, currency: str) -> Decimal:
    """Return the amount in whole minor units, half away from zero, at the currency's scale.

    >>> print(rounded(Decimal("121.7275"), "USD"), rounded(Decimal(49), "USD"))
    121.73 49.00
    >>> print(rounded(Decimal("-0.005"), "USD"), rounded(Decimal("-0.004"), "USD"))
    -0.01 0.00
    """
    assert exact.is_finite(), "an amount is a number"
    amount = exact.quantize(_minor_unit(currency), decimal.ROUND_HALF_UP, EXACT)
    return EXACT.plus(amount)  # -0.00 becomes 0.00


def share(amount: Decimal, numerator: int, denominator: int, currency: str) -> Decimal:
    """Return amount * numerator / denominator, rounded once, half away from zero.

    The product is a fraction of integers until it is rounded, so a third of something is no
    neighbour of it.

    >>> print(share(Decimal("100.00"), 10, 30, "USD"), share(Decimal(1), 1, 8, "USD"))
    33.33 0.13
    """
    assert denominator > 0, "a share is of something"
    minor: Fraction = Fraction(amount) * numerator * 10 ** exponent(currency) / denominator
    # Half up of the magnitude: ⌊(2n + d) / 2d⌋.
    units = (2 * abs(minor.numerator) + minor.denominator) // (2 * minor.denominator)
    return (units if minor > 0 else -units) * _minor_unit(currency)


def is_whole(amount: Decimal, currency: str) -> bool:
    """Return whether the amount has whole minor units: 49.00 and 49.000 in dollars, not 49.001.

    >>> [is_whole(Decimal("1.50"), code) for code in ("USD", "JPY")]
    [True, False]
    """
    return amount.is_finite() and _decimals(amount) <= exponent(currency)


def is_exact(value: Decimal, decimals: int = 12, digits: int = 18) -> bool:
    """Return whether the value can be kept exactly: few enough decimals, and digits before them.

    Zeros at the end do not count, and neither infinity nor NaN is a value.

    >>> [is_exact(Decimal(text)) for text in ("0.000000000001", "1E18", "1.0E-12", "NaN")]
    [True, False, True, False]
    """
    if not value.is_finite():
        return False
    return not value or (_decimals(value) <= decimals and value.adjusted() < digits)


def _minor_unit(currency: str) -> Decimal:
    return Decimal((0, (1,), -exponent(currency)))


def _decimals(value: Decimal) -> int:
    """Return how many decimals a finite value needs. Counts its own digits: no context rounds."""
    _, digits, power = value.as_tuple()
    assert isinstance(power, int), "a finite number has a power of ten"
    zeros = next((count for count, digit in enumerate(reversed(digits)) if digit), -power)
    return max(-power - zeros, 0)
