# To arrears the ended month's usage has an invoice of its own, when it is collected: 6 x 0.10. Back to advance, the arrears month is collected
# on its own invoice, while the new month's base is due at once.
account collection 60 grace 30
plan pro 10.00 USD monthly in_advance
  feature calls per_unit 0.10
plan payg 5.00 USD monthly in_arrears
  feature calls per_unit 0.50

2027-01-01        subscribe pro                    -> #1 SUBSCRIPTION 10.00 DUE
                                                   -> sub INCOMPLETE pro
2027-01-01        pay #1                           -> #1 SUBSCRIPTION 10.00 PAID 2027-01-01..2027-02-01
                                                   -> sub ACTIVE pro 2027-01-01..2027-02-01
2027-01-20        use calls 5                      -> counted 5, used 5
2027-01-21        downgrade payg                   -> sub ACTIVE pro 2027-01-01..2027-02-01 then payg
2027-02-01T00:10  use calls 1 at 2027-01-31T23:00  -> counted 1, used 6
                                                   -> #2 SUBSCRIPTION PENDING 2027-02-01..2027-03-01
                                                   -> sub ACTIVE payg 2027-02-01..2027-03-01
2027-02-01T01:00  tick                             -> #3 ADJUSTMENT 0.60 DUE 2027-01-01..2027-02-01
2027-02-01T01:00  show #3                          -> #3 ADJUSTMENT 0.60 DUE 2027-01-01..2027-02-01
                                                   ->    USAGE calls (pro) 6 x 0.1 = 0.60
2027-02-10        use calls 4                      -> counted 4, used 4
2027-02-11        downgrade pro                    -> sub ACTIVE payg 2027-02-01..2027-03-01 then pro
2027-03-01        tick                             -> #4 SUBSCRIPTION 10.00 DUE 2027-03-01..2027-04-01
                                                   -> sub ACTIVE pro 2027-03-01..2027-04-01
2027-03-01T01:00  show #2                          -> #2 SUBSCRIPTION 7.00 DUE 2027-02-01..2027-03-01
                                                   ->    BASE payg = 5.00
                                                   ->    USAGE calls (payg) 4 x 0.5 = 2.00
                                                   -> #2 SUBSCRIPTION 7.00 DUE 2027-02-01..2027-03-01
