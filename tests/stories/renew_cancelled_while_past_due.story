# A scheduled cancellation happens at the boundary, past due or not. What was used is charged by a FINAL
# invoice, 30 × 0.02 = 0.60; the renewal stays past due and can be paid, but starts nothing.
plan pro 49.00 USD monthly in_advance
  feature calls per_unit 0.02

2027-01-01  subscribe pro  -> #1 SUBSCRIPTION 49.00 DUE
                           -> sub INCOMPLETE pro
2027-01-01  pay #1         -> #1 SUBSCRIPTION 49.00 PAID 2027-01-01..2027-02-01
                           -> sub ACTIVE pro 2027-01-01..2027-02-01
2027-02-02  use calls 30   -> counted 30, used 30
                           -> #2 SUBSCRIPTION 49.00 DUE 2027-02-01..2027-03-01
                           -> sub ACTIVE pro 2027-02-01..2027-03-01
2027-02-02  cancel end     -> sub ACTIVE pro 2027-02-01..2027-03-01 ends 2027-03-01
2027-03-01  tick           -> #2 SUBSCRIPTION 49.00 PAST_DUE 2027-02-01..2027-03-01
                           -> #3 FINAL 0.60 DUE 2027-02-01..2027-03-01
                           -> sub CANCELLED pro 2027-02-01..2027-03-01
2027-03-02  pay #2         -> #2 SUBSCRIPTION 49.00 PAID 2027-02-01..2027-03-01
