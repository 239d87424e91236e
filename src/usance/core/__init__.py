"""The core: what billing is, as pure functions of stored facts and an instant.

It imports nothing but the standard library and `tzdata`: no clock, no input or output, no randomness.
In the order in which it is best read:

1. `money`, `periods`, `windows`: exact amounts, and where periods begin and end.
2. `pricing`, `calculations`, `proration`: what a quantity costs, how an amount came about, and what a part of a period
   costs.
3. `catalog`, `catalog_document`: what is sold.
4. `accounts`, `customers`, `subscriptions`, `tax`, `invoices`, `numbers`, `parties`, `payments`, `credits`, `metering`,
   `holds`, `costs`: what is kept; `journal` and `cells`: how it is told to bookkeepers; `reminders`: who is
   reminded when.
5. `ids`, `references`, `refusals`: how things are named, and every reason for a no.
6. `values`, `snapshot`, `draft`, `outcome`: what a decision reads, works on, and wants written.
7. `usage`, `entitlements`: whom usage belongs to, and whether it is allowed.
8. `decisions`: `subscribe` and `settle` first, then `advance` with `due` and `lifecycle`, then `rating`, `billing`
   and `granting`, then `change_plan`, `cancel`, `record`; the others stand alone.

Sources: BILLING.md, of which each module names its sections.
"""
