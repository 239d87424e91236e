# One jump over three boundaries is three steps, each at its own instant: three invoices, the oldest
# first. With 90 days of grace #2 of Feb 1 is past due on May 2 (27 + 31 + 30 + 2 days later).
plan pro 10.00 USD monthly in_advance grace 90
  feature calls per_unit 1.00

2027-01-01  subscribe pro  -> #1 SUBSCRIPTION 10.00 DUE
                           -> sub INCOMPLETE pro
2027-01-01  pay #1         -> #1 SUBSCRIPTION 10.00 PAID 2027-01-01..2027-02-01
                           -> sub ACTIVE pro 2027-01-01..2027-02-01
2027-01-15  use calls 2    -> counted 2, used 2
2027-04-15  tick           -> #2 SUBSCRIPTION 12.00 DUE 2027-02-01..2027-03-01
                           -> #3 SUBSCRIPTION 10.00 DUE 2027-03-01..2027-04-01
                           -> #4 SUBSCRIPTION 10.00 DUE 2027-04-01..2027-05-01
                           -> sub ACTIVE pro 2027-04-01..2027-05-01
2027-04-15  show #2        -> #2 SUBSCRIPTION 12.00 DUE 2027-02-01..2027-03-01
                           ->    BASE pro = 10.00
                           ->    USAGE calls (pro) 2 x 1 = 2.00 for 2027-01-01..2027-02-01
2027-05-02  tick           -> #2 SUBSCRIPTION 12.00 PAST_DUE 2027-02-01..2027-03-01
                           -> #5 SUBSCRIPTION 10.00 DUE 2027-05-01..2027-06-01
                           -> sub PAST_DUE pro 2027-05-01..2027-06-01
