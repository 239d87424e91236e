# The same with an upgrade to a yearly plan that cut the period: its adjustment is void, and with it the line
# of A's unused time, so A's segment stands: 10.00. The usage that the adjustment carried, 100 × 0.02 = 2.00, is
# owed still and paid from there: 8.00 are left.
plan a 30.00 USD monthly in_advance
  feature calls per_unit 0.02
plan b 365.00 USD yearly in_advance
  feature calls per_unit 0.02

2027-04-01  subscribe a    -> #1 SUBSCRIPTION 30.00 DUE
                           -> sub INCOMPLETE a
2027-04-01  pay #1         -> #1 SUBSCRIPTION 30.00 PAID 2027-04-01..2027-05-01
                           -> sub ACTIVE a 2027-04-01..2027-05-01
2027-04-10  use calls 100  -> counted 100, used 100
2027-04-21  upgrade b      -> #2 ADJUSTMENT 357.00 DUE 2027-04-21..2028-04-21
                           -> sub ACTIVE b 2027-04-21..2028-04-21
2027-04-21  cancel now     -> credit note 10.00
                           -> #2 ADJUSTMENT 357.00 VOID 2027-04-21..2028-04-21 replaced by #3
                           -> #3 FINAL 2.00 PAID 2027-04-01..2027-04-21
                           -> sub CANCELLED b 2027-04-21..2027-04-21
                           -> balance 8.00 USD
