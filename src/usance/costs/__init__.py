"""Costs: what the calls of AI models that stand behind events have cost the seller.

Sources: BILLING.md, "Usage" ("Cost").
"""

from usance.costs.tokens import Part, Priced, Reason, Unpriced, price

__all__ = ["Part", "Priced", "Reason", "Unpriced", "price"]
