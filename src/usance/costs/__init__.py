"""Costs: what the calls of AI models that stand behind events have cost the seller.

Sources: BILLING.md, "Usage" ("Cost").
"""

from usance.costs.tokens import Priced, Reason, Unpriced, price, provider_of

__all__ = ["Priced", "Reason", "Unpriced", "price", "provider_of"]
