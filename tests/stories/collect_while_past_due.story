# Overdue in advance no renewal comes that the usage could wait for: the 5 calls of February stand on the invoice of the
# recovery. A plan without a price on usage waits for nothing.
account collection 60 grace 3
plan pro 10.00 USD monthly in_advance
  feature calls per_unit 0.10
plan flat 7.00 USD monthly in_advance
customer ada
customer ben

2027-01-01        ada: subscribe pro   -> #1 SUBSCRIPTION 10.00 DUE
                                       -> sub INCOMPLETE pro
2027-01-01        ada: pay #1          -> #1 SUBSCRIPTION 10.00 PAID 2027-01-01..2027-02-01
                                       -> sub ACTIVE pro 2027-01-01..2027-02-01
2027-01-01        ben: subscribe flat  -> ben: #2 SUBSCRIPTION 7.00 DUE
                                       -> ben: sub2 INCOMPLETE flat
2027-01-01        ben: pay #2          -> ben: #2 SUBSCRIPTION 7.00 PAID 2027-01-01..2027-02-01
                                       -> ben: sub2 ACTIVE flat 2027-01-01..2027-02-01
2027-02-01        tick                 -> ben: #3 SUBSCRIPTION 7.00 DUE 2027-02-01..2027-03-01
                                       -> #4 SUBSCRIPTION PENDING 2027-02-01..2027-03-01
                                       -> sub ACTIVE pro 2027-02-01..2027-03-01
                                       -> ben: sub2 ACTIVE flat 2027-02-01..2027-03-01
2027-02-01T01:00  tick                 -> #4 SUBSCRIPTION 10.00 DUE 2027-02-01..2027-03-01
2027-02-02        ada: use calls 5     -> counted 5, used 5
2027-02-04T01:00  tick                 -> ben: #3 SUBSCRIPTION 7.00 PAST_DUE 2027-02-01..2027-03-01
                                       -> #4 SUBSCRIPTION 10.00 PAST_DUE 2027-02-01..2027-03-01
                                       -> sub PAST_DUE pro 2027-02-01..2027-03-01
                                       -> ben: sub2 PAST_DUE flat 2027-02-01..2027-03-01
2027-03-01        tick                 -> nothing
2027-03-01T01:00  tick                 -> nothing
2027-03-10        ada: pay #4          -> #4 SUBSCRIPTION 10.00 PAID 2027-02-01..2027-03-01
                                       -> sub ACTIVE pro 2027-03-10..2027-04-10
2027-03-10        ada: show #4         -> #4 SUBSCRIPTION 10.00 PAID 2027-02-01..2027-03-01
                                       ->    BASE pro = 10.00
