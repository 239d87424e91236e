"""Electronic addresses: where an e-invoice comes from, or goes to."""

from usance.api.bodies import Lenient, Strict
from usance.api.fields import Scheme, Text255


class ElectronicAddress(Lenient):
    """An address of the kind that `scheme` names (EAS): 0204 Leitweg-ID, 9930 VAT id, EM e-mail."""

    scheme: Scheme
    value: Text255


class SellersElectronicAddress(Strict):
    """The same of the seller."""

    scheme: Scheme
    value: Text255
