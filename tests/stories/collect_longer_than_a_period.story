# Days whose usage is collected for three days: each day's invoice comes three days after it, with the usage of the day
# before, however many days are open.
account collection 4320 grace 10
plan daily 1.00 USD daily in_advance
  feature calls per_unit 0.10

2027-01-01        subscribe daily                  -> #1 SUBSCRIPTION 1.00 DUE
                                                   -> sub INCOMPLETE daily
2027-01-01        pay #1                           -> #1 SUBSCRIPTION 1.00 PAID 2027-01-01..2027-01-02
                                                   -> sub ACTIVE daily 2027-01-01..2027-01-02
2027-01-01T12:00  use calls 1                      -> counted 1, used 1
2027-01-02T12:00  use calls 2                      -> counted 2, used 2
                                                   -> #2 SUBSCRIPTION PENDING 2027-01-02..2027-01-03
                                                   -> sub ACTIVE daily 2027-01-02..2027-01-03
2027-01-03T12:00  use calls 3                      -> counted 3, used 3
                                                   -> #3 SUBSCRIPTION PENDING 2027-01-03..2027-01-04
                                                   -> sub ACTIVE daily 2027-01-03..2027-01-04
2027-01-04T12:00  use calls 4 at 2027-01-02T01:00  -> counted 4, used 6
                                                   -> #4 SUBSCRIPTION PENDING 2027-01-04..2027-01-05
                                                   -> sub ACTIVE daily 2027-01-04..2027-01-05
2027-01-05        tick                             -> #2 SUBSCRIPTION 1.10 DUE 2027-01-02..2027-01-03
                                                   -> #5 SUBSCRIPTION PENDING 2027-01-05..2027-01-06
                                                   -> sub ACTIVE daily 2027-01-05..2027-01-06
2027-01-05        show #2                          -> #2 SUBSCRIPTION 1.10 DUE 2027-01-02..2027-01-03
                                                   ->    BASE daily = 1.00
                                                   ->    USAGE calls (daily) 1 x 0.1 = 0.10 for 2027-01-01..2027-01-02
2027-01-06        tick                             -> #3 SUBSCRIPTION 1.60 DUE 2027-01-03..2027-01-04
                                                   -> #6 SUBSCRIPTION PENDING 2027-01-06..2027-01-07
                                                   -> sub ACTIVE daily 2027-01-06..2027-01-07
2027-01-06        show #3                          -> #3 SUBSCRIPTION 1.60 DUE 2027-01-03..2027-01-04
                                                   ->    BASE daily = 1.00
                                                   ->    USAGE calls (daily) 6 x 0.1 = 0.60 for 2027-01-02..2027-01-03
2027-01-07        tick                             -> #4 SUBSCRIPTION 1.30 DUE 2027-01-04..2027-01-05
                                                   -> #7 SUBSCRIPTION PENDING 2027-01-07..2027-01-08
                                                   -> sub ACTIVE daily 2027-01-07..2027-01-08
2027-01-07        show #4                          -> #4 SUBSCRIPTION 1.30 DUE 2027-01-04..2027-01-05
                                                   ->    BASE daily = 1.00
                                                   ->    USAGE calls (daily) 3 x 0.1 = 0.30 for 2027-01-03..2027-01-04
