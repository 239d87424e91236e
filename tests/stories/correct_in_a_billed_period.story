# A correction of a billed period is a credit note with the next invoice, at the terms of the period and at the rate of the
# invoice that billed it. April: 15 units, 12.50, with May's 20.00 and 10% tax: 35.75. 8 are left: 8.00 less 12.50 = 4.50 less,
# and 0.45 of tax. What is reported late meanwhile goes with it: 2 more make 10 units, 10.00, so 2.50 less, 2.75 with tax.
# It closes what is open first: June's 20.00 (22.00 with tax) comes with it, and 19.25 are left to pay.
account tax 10
plan pro 20.00 USD monthly in_advance
  feature calls graduated 10:1.00 inf:0.50

2027-04-01  subscribe pro              -> #1 SUBSCRIPTION 22.00 DUE
                                       -> sub INCOMPLETE pro
2027-04-01  pay #1                     -> #1 SUBSCRIPTION 22.00 PAID 2027-04-01..2027-05-01
                                       -> sub ACTIVE pro 2027-04-01..2027-05-01
2027-04-10  use calls 15 key a         -> counted 15, used 15
2027-05-01  tick                       -> #2 SUBSCRIPTION 35.75 DUE 2027-05-01..2027-06-01
                                       -> sub ACTIVE pro 2027-05-01..2027-06-01
2027-05-01  pay #2                     -> #2 SUBSCRIPTION 35.75 PAID 2027-05-01..2027-06-01
2027-05-02  correct a 7                -> counted -7, used 8, late
2027-05-02  use calls 2 at 2027-04-29  -> counted 2, used 10, late
2027-06-01  tick                       -> #3 SUBSCRIPTION 22.00 DUE (2.75 paid) 2027-06-01..2027-07-01
                                       -> sub ACTIVE pro 2027-06-01..2027-07-01
2027-06-01  show #3                    -> #3 SUBSCRIPTION 22.00 DUE (2.75 paid) 2027-06-01..2027-07-01
                                       ->    BASE pro = 20.00
                                       ->    20.00 and 2.00 tax
2027-06-02  pay #3                     -> #3 SUBSCRIPTION 22.00 PAID 2027-06-01..2027-07-01
2027-06-10  correct a 8                -> refused: validation_failed
