# In arrears the ended month stays PENDING until its usage is in: 20.00 + 4 x 0.50. The new month has its credits at the
# boundary. Net terms of 10 days count from the issue.
account collection 60
plan payg 20.00 USD monthly in_arrears net 10
  feature calls per_unit 0.50
  credits AI 100

2027-01-01        subscribe payg                   -> #1 SUBSCRIPTION PENDING 2027-01-01..2027-02-01
                                                   -> sub ACTIVE payg 2027-01-01..2027-02-01
                                                   -> credits 100 AI
2027-01-10        use calls 3                      -> counted 3, used 3
2027-02-01        show credits                     -> AI: granted 200, consumed 0, expired 100, clawed back 0
                                                   ->    2027-01-01 PLAN_INCLUDED 0 of 100 AI left
                                                   ->    2027-02-01 PLAN_INCLUDED 100 of 100 AI left
                                                   -> #2 SUBSCRIPTION PENDING 2027-02-01..2027-03-01
                                                   -> sub ACTIVE payg 2027-02-01..2027-03-01
2027-02-01T00:59  use calls 1 at 2027-01-31T23:59  -> counted 1, used 4
2027-02-01T00:59  show #1                          -> #1 SUBSCRIPTION 22.00 PENDING 2027-01-01..2027-02-01
                                                   ->    BASE payg = 20.00
                                                   ->    USAGE calls (payg) 4 x 0.5 = 2.00
2027-02-01T01:00  show #1                          -> #1 SUBSCRIPTION 22.00 DUE 2027-01-01..2027-02-01 due 2027-02-11T01:00
                                                   ->    BASE payg = 20.00
                                                   ->    USAGE calls (payg) 4 x 0.5 = 2.00
                                                   -> #1 SUBSCRIPTION 22.00 DUE 2027-01-01..2027-02-01 due 2027-02-11T01:00
2027-02-01T01:00  pay #1                           -> #1 SUBSCRIPTION 22.00 PAID 2027-01-01..2027-02-01 due 2027-02-11T01:00
