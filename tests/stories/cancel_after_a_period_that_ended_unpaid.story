# Past due and without a running period a cancellation is at once, in either mode: the renewal is void, and
# what was used in its period, 100 × 0.02 = 2.00, is owed.
plan pro 49.00 USD monthly in_advance
  feature calls per_unit 0.02

2027-04-01  subscribe pro  -> #1 SUBSCRIPTION 49.00 DUE
                           -> sub INCOMPLETE pro
2027-04-01  pay #1         -> #1 SUBSCRIPTION 49.00 PAID 2027-04-01..2027-05-01
                           -> sub ACTIVE pro 2027-04-01..2027-05-01
2027-05-02  use calls 100  -> counted 100, used 100
                           -> #2 SUBSCRIPTION 49.00 DUE 2027-05-01..2027-06-01
                           -> sub ACTIVE pro 2027-05-01..2027-06-01
2027-06-10  cancel end     -> #2 SUBSCRIPTION 49.00 VOID 2027-05-01..2027-06-01
                           -> #3 FINAL 2.00 DUE 2027-05-01..2027-06-01
                           -> sub CANCELLED pro 2027-05-01..2027-06-01
