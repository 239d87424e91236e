# January's invoice is past due from Feb 4. The running period ends on Mar 1 and its invoice is DUE as
# usual; no new period opens. When both are paid, on Mar 20, a new one begins there.
plan payg 20.00 USD monthly in_arrears
  feature calls per_unit 0.10
  feature chat burns AI
  credits AI 10 rollover full

2027-01-01  subscribe payg  -> #1 SUBSCRIPTION PENDING 2027-01-01..2027-02-01
                            -> sub ACTIVE payg 2027-01-01..2027-02-01
                            -> credits 10 AI
2027-02-01  tick            -> #1 SUBSCRIPTION 20.00 DUE 2027-01-01..2027-02-01
                            -> #2 SUBSCRIPTION PENDING 2027-02-01..2027-03-01
                            -> sub ACTIVE payg 2027-02-01..2027-03-01
                            -> credits 20 AI
2027-02-04  tick            -> #1 SUBSCRIPTION 20.00 PAST_DUE 2027-01-01..2027-02-01
                            -> sub PAST_DUE payg 2027-02-01..2027-03-01
2027-03-01  tick            -> #2 SUBSCRIPTION 20.00 DUE 2027-02-01..2027-03-01
2027-03-05  use calls 3     -> not counted: in_gap
                            -> #2 SUBSCRIPTION 20.00 PAST_DUE 2027-02-01..2027-03-01
2027-03-20  pay #1          -> #1 SUBSCRIPTION 20.00 PAID 2027-01-01..2027-02-01
2027-03-20  pay #2          -> #2 SUBSCRIPTION 20.00 PAID 2027-02-01..2027-03-01
                            -> #3 SUBSCRIPTION PENDING 2027-03-20..2027-04-20
                            -> sub ACTIVE payg 2027-03-20..2027-04-20
                            -> credits 30 AI
2027-03-20  check calls     -> allowed, used 0
2027-04-20  tick            -> #3 SUBSCRIPTION 20.00 DUE 2027-03-20..2027-04-20
                            -> #4 SUBSCRIPTION PENDING 2027-04-20..2027-05-20
                            -> sub ACTIVE payg 2027-04-20..2027-05-20
                            -> credits 40 AI
