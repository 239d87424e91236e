# The subscription ends at the boundary; what was used is told within the hour and stands on the FINAL invoice after it.
account collection 60
plan pro 10.00 USD monthly in_advance
  feature calls per_unit 0.10

2027-01-01        subscribe pro                    -> #1 SUBSCRIPTION 10.00 DUE
                                                   -> sub INCOMPLETE pro
2027-01-01        pay #1                           -> #1 SUBSCRIPTION 10.00 PAID 2027-01-01..2027-02-01
                                                   -> sub ACTIVE pro 2027-01-01..2027-02-01
2027-01-20        use calls 5                      -> counted 5, used 5
2027-01-21        cancel end                       -> sub ACTIVE pro 2027-01-01..2027-02-01 ends 2027-02-01
2027-02-01        check calls                      -> denied subscription_cancelled
                                                   -> sub CANCELLED pro 2027-01-01..2027-02-01
2027-02-01T00:30  use calls 3 at 2027-01-31T23:00  -> counted 3, used 8
2027-02-01T01:00  tick                             -> #2 FINAL 0.80 DUE 2027-01-01..2027-02-01
2027-02-01T01:00  show #2                          -> #2 FINAL 0.80 DUE 2027-01-01..2027-02-01
                                                   ->    USAGE calls (pro) 8 x 0.1 = 0.80
