# Usage is collected for 90 minutes after each boundary. January's 5 calls and the 3 that are told at 00:30 stand on the
# invoice of 01:30 with February's base: 10.00 + 8 x 0.10. The period, access and the next boundary do not wait; grace runs
# from 01:30. What is told at 01:30 is late, and waits for March's: 10.00 + 2 x 0.10.
account collection 90 grace 3
plan pro 10.00 USD monthly in_advance
  feature calls per_unit 0.10
  credits AI 100

2027-01-01                  subscribe pro                    -> #1 SUBSCRIPTION 10.00 DUE
                                                             -> sub INCOMPLETE pro
2027-01-01                  pay #1                           -> #1 SUBSCRIPTION 10.00 PAID 2027-01-01..2027-02-01
                                                             -> sub ACTIVE pro 2027-01-01..2027-02-01
                                                             -> credits 100 AI
2027-01-20                  use calls 5                      -> counted 5, used 5
2027-01-31T23:59:59.999999  tick                             -> nothing
2027-02-01                  tick                             -> #2 SUBSCRIPTION PENDING 2027-02-01..2027-03-01
                                                             -> sub ACTIVE pro 2027-02-01..2027-03-01
2027-02-01T00:30            use calls 3 at 2027-01-31T23:00  -> counted 3, used 8
2027-02-01T00:30            use calls 1                      -> counted 1, used 1
2027-02-01T00:30            show #2                          -> #2 SUBSCRIPTION 10.80 PENDING 2027-02-01..2027-03-01
                                                             ->    BASE pro = 10.00
                                                             ->    USAGE calls (pro) 8 x 0.1 = 0.80 for 2027-01-01..2027-02-01
2027-02-01T00:30            pay #2                           -> refused: invoice_pending
2027-02-01T00:30            void #2                          -> refused: invoice_pending
2027-02-01T01:29:59.999999  tick                             -> nothing
2027-02-01T01:30            use calls 2 at 2027-01-31T23:30  -> counted 2, used 10, late
                                                             -> #2 SUBSCRIPTION 10.80 DUE 2027-02-01..2027-03-01
2027-02-01T01:30            show #2                          -> #2 SUBSCRIPTION 10.80 DUE 2027-02-01..2027-03-01
                                                             ->    BASE pro = 10.00
                                                             ->    USAGE calls (pro) 8 x 0.1 = 0.80 for 2027-01-01..2027-02-01
2027-02-04T01:29:59.999999  check calls                      -> allowed, used 1
2027-02-04T01:30            check calls                      -> denied payment_past_due, used 1
                                                             -> #2 SUBSCRIPTION 10.80 PAST_DUE 2027-02-01..2027-03-01
                                                             -> sub PAST_DUE pro 2027-02-01..2027-03-01
2027-02-05                  pay #2                           -> #2 SUBSCRIPTION 10.80 PAID 2027-02-01..2027-03-01
                                                             -> sub ACTIVE pro 2027-02-01..2027-03-01
2027-03-01T01:30            tick                             -> #3 SUBSCRIPTION 10.30 DUE 2027-03-01..2027-04-01
                                                             -> sub ACTIVE pro 2027-03-01..2027-04-01
2027-03-01T01:30            show #3                          -> #3 SUBSCRIPTION 10.30 DUE 2027-03-01..2027-04-01
                                                             ->    BASE pro = 10.00
                                                             ->    LATE_USAGE calls (pro), reported late 2 x 0.1 = 0.20 for 2027-01-01..2027-02-01
                                                             ->    USAGE calls (pro) 1 x 0.1 = 0.10 for 2027-02-01..2027-03-01
