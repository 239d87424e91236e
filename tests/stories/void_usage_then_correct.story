# Usage on an invoice that the seller voids is forgiven. A correction below it gives no money back, for nobody paid any, and
# the credits go back as ever. Of 14 calls 4 credits cover 4, and 10 × 1.00 are forgiven; 12 less, and 2 credits come back.
# 13 that come late burn those 2: 15 calls, of which 11 cost money, 1.00 more than was forgiven.
plan payg 7.00 USD weekly in_arrears
  feature calls per_unit 1.00 burns AI

2027-04-01  subscribe payg                    -> #1 SUBSCRIPTION PENDING 2027-04-01..2027-04-08
                                              -> sub ACTIVE payg 2027-04-01..2027-04-08
2027-04-01  grant AI 4                        -> credits 4 AI
2027-04-05  use calls 14 key a                -> counted 14, used 14, burnt 4, 10 credits short
                                              -> credits 0 AI
2027-04-08  tick                              -> #1 SUBSCRIPTION 17.00 DUE 2027-04-01..2027-04-08
                                              -> #2 SUBSCRIPTION PENDING 2027-04-08..2027-04-15
                                              -> sub ACTIVE payg 2027-04-08..2027-04-15
2027-04-08  void #1                           -> #1 SUBSCRIPTION 17.00 VOID 2027-04-01..2027-04-08
2027-04-09  correct a 6                       -> counted -6, used 8, late
2027-04-10  correct a 6                       -> counted -6, used 2, given back 2, late
                                              -> credits 2 AI
2027-04-15  tick                              -> #2 SUBSCRIPTION 7.00 DUE 2027-04-08..2027-04-15
                                              -> #3 SUBSCRIPTION PENDING 2027-04-15..2027-04-22
                                              -> sub ACTIVE payg 2027-04-15..2027-04-22
2027-04-15  pay #2                            -> #2 SUBSCRIPTION 7.00 PAID 2027-04-08..2027-04-15
2027-04-16  use calls 13 at 2027-04-06 key b  -> counted 13, used 15, burnt 2, 11 credits short, late
                                              -> credits 0 AI
2027-04-22  tick                              -> #3 SUBSCRIPTION 8.00 DUE 2027-04-15..2027-04-22
                                              -> #4 SUBSCRIPTION PENDING 2027-04-22..2027-04-29
                                              -> sub ACTIVE payg 2027-04-22..2027-04-29
2027-04-22  show #3                           -> #3 SUBSCRIPTION 8.00 DUE 2027-04-15..2027-04-22
                                              ->    BASE payg = 7.00
                                              ->    LATE_USAGE calls (payg), reported late, 10.00 forgiven 11 = 1.00 for 2027-04-01..2027-04-08
