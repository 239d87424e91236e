# The week of Jan 8 ends past due and without an invoice: its 10 × 0.10 wait for the one of Jan 27, a week after it was
# paid. What comes in after that is late: 5 × 0.10 on the next.
plan weekly 7.00 USD weekly in_advance grace 2
  feature calls per_unit 0.10

2027-01-01  subscribe weekly           -> #1 SUBSCRIPTION 7.00 DUE
                                       -> sub INCOMPLETE weekly
2027-01-01  pay #1                     -> #1 SUBSCRIPTION 7.00 PAID 2027-01-01..2027-01-08
                                       -> sub ACTIVE weekly 2027-01-01..2027-01-08
2027-01-09  use calls 10               -> counted 10, used 10
                                       -> #2 SUBSCRIPTION 7.00 DUE 2027-01-08..2027-01-15
                                       -> sub ACTIVE weekly 2027-01-08..2027-01-15
2027-01-15  tick                       -> #2 SUBSCRIPTION 7.00 PAST_DUE 2027-01-08..2027-01-15
                                       -> sub PAST_DUE weekly 2027-01-08..2027-01-15
2027-01-20  pay #2                     -> #2 SUBSCRIPTION 7.00 PAID 2027-01-08..2027-01-15
                                       -> sub ACTIVE weekly 2027-01-20..2027-01-27
2027-01-27  tick                       -> #3 SUBSCRIPTION 8.00 DUE 2027-01-27..2027-02-03
                                       -> sub ACTIVE weekly 2027-01-27..2027-02-03
2027-01-27  show #3                    -> #3 SUBSCRIPTION 8.00 DUE 2027-01-27..2027-02-03
                                       ->    BASE weekly = 7.00
                                       ->    USAGE calls (weekly) 10 x 0.1 = 1.00 for 2027-01-08..2027-01-15
2027-01-27  pay #3                     -> #3 SUBSCRIPTION 8.00 PAID 2027-01-27..2027-02-03
2027-01-28  use calls 5 at 2027-01-14  -> counted 5, used 15, late
2027-02-03  tick                       -> #4 SUBSCRIPTION 7.50 DUE 2027-02-03..2027-02-10
                                       -> sub ACTIVE weekly 2027-02-03..2027-02-10
2027-02-03  show #4                    -> #4 SUBSCRIPTION 7.50 DUE 2027-02-03..2027-02-10
                                       ->    BASE weekly = 7.00
                                       ->    LATE_USAGE calls (weekly), reported late 5 x 0.1 = 0.50 for 2027-01-08..2027-01-15
