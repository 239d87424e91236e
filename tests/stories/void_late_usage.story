# Late usage is forgiven, and what was billed before it is paid: 10 calls are paid with #2, the 2 of #3 are void. One less is 11,
# of which 1 is forgiven: nothing goes back. 2 more less are 9: 1.00 of the 10.00 goes back, onto #4.
plan pro 20.00 USD monthly in_advance
  feature calls per_unit 1.00

2027-04-01  subscribe pro                    -> #1 SUBSCRIPTION 20.00 DUE
                                             -> sub INCOMPLETE pro
2027-04-01  pay #1                           -> #1 SUBSCRIPTION 20.00 PAID 2027-04-01..2027-05-01
                                             -> sub ACTIVE pro 2027-04-01..2027-05-01
2027-04-28  use calls 10 key a               -> counted 10, used 10
2027-05-01  tick                             -> #2 SUBSCRIPTION 30.00 DUE 2027-05-01..2027-06-01
                                             -> sub ACTIVE pro 2027-05-01..2027-06-01
2027-05-01  pay #2                           -> #2 SUBSCRIPTION 30.00 PAID 2027-05-01..2027-06-01
2027-05-02  use calls 2 at 2027-04-29 key b  -> counted 2, used 12, late
2027-06-01  tick                             -> #3 SUBSCRIPTION 22.00 DUE 2027-06-01..2027-07-01
                                             -> sub ACTIVE pro 2027-06-01..2027-07-01
2027-06-01  void #3                          -> #3 SUBSCRIPTION 22.00 VOID 2027-06-01..2027-07-01
2027-06-01  correct b 1                      -> counted -1, used 11, late
2027-06-01  correct a 2                      -> counted -2, used 9, late
2027-07-01  tick                             -> #4 SUBSCRIPTION 20.00 DUE (1.00 paid) 2027-07-01..2027-08-01
                                             -> sub ACTIVE pro 2027-07-01..2027-08-01
