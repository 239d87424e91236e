"""Electronic addresses: where an e-invoice comes from, or goes to."""

from usance.api.bodies import Strict
from usance.api.fields import Scheme, Text255


class ElectronicAddress(Strict):
    """An address of the kind that `scheme` names (EAS): 0204 Leitweg-ID, 9930 VAT id, EM e-mail."""

    scheme: Scheme
    value: Text255
