# Of 10 calls that are forgiven with #2 nothing is charged again; 2 late ones are: 20.00 + 2.00, and 10% tax. They are paid.
# 4 less are 8, all of them forgiven: the 2.00 go back with their tax, and no more, onto June's #4.
account tax 10
plan pro 20.00 USD monthly in_advance
  feature calls per_unit 1.00

2027-04-01  subscribe pro              -> #1 SUBSCRIPTION 22.00 DUE
                                       -> sub INCOMPLETE pro
2027-04-01  pay #1                     -> #1 SUBSCRIPTION 22.00 PAID 2027-04-01..2027-05-01
                                       -> sub ACTIVE pro 2027-04-01..2027-05-01
2027-04-28  use calls 10 key a         -> counted 10, used 10
2027-05-01  tick                       -> #2 SUBSCRIPTION 33.00 DUE 2027-05-01..2027-06-01
                                       -> sub ACTIVE pro 2027-05-01..2027-06-01
2027-05-01  void #2                    -> #2 SUBSCRIPTION 33.00 VOID 2027-05-01..2027-06-01
2027-05-02  use calls 2 at 2027-04-29  -> counted 2, used 12, late
2027-06-01  tick                       -> #3 SUBSCRIPTION 24.20 DUE 2027-06-01..2027-07-01
                                       -> sub ACTIVE pro 2027-06-01..2027-07-01
2027-06-01  show #3                    -> #3 SUBSCRIPTION 24.20 DUE 2027-06-01..2027-07-01
                                       ->    BASE pro = 20.00
                                       ->    LATE_USAGE calls (pro), reported late 2 x 1 = 2.00 for 2027-04-01..2027-05-01
                                       ->    22.00 and 2.20 tax
2027-06-01  pay #3                     -> #3 SUBSCRIPTION 24.20 PAID 2027-06-01..2027-07-01
2027-06-01  correct a 4                -> counted -4, used 8, late
2027-07-01  tick                       -> #4 SUBSCRIPTION 22.00 DUE (2.20 paid) 2027-07-01..2027-08-01
                                       -> sub ACTIVE pro 2027-07-01..2027-08-01
