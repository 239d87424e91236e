# From advance to arrears the usage of the ended period, 50 × 0.02, has no invoice to ride on: it is an
# ADJUSTMENT of its own, DUE. From arrears to advance May's invoice is DUE as usual and June's as well.
plan prepaid 30.00 USD monthly in_advance
  feature calls per_unit 0.02
plan postpaid 20.00 USD monthly in_arrears
  feature calls per_unit 0.02

2027-04-01  subscribe prepaid   -> #1 SUBSCRIPTION 30.00 DUE
                                -> sub INCOMPLETE prepaid
2027-04-01  pay #1              -> #1 SUBSCRIPTION 30.00 PAID 2027-04-01..2027-05-01
                                -> sub ACTIVE prepaid 2027-04-01..2027-05-01
2027-04-10  use calls 50        -> counted 50, used 50
2027-04-10  downgrade postpaid  -> sub ACTIVE prepaid 2027-04-01..2027-05-01 then postpaid
2027-05-01  tick                -> #2 ADJUSTMENT 1.00 DUE 2027-04-01..2027-05-01
                                -> #3 SUBSCRIPTION PENDING 2027-05-01..2027-06-01
                                -> sub ACTIVE postpaid 2027-05-01..2027-06-01
2027-05-01  show #2             -> #2 ADJUSTMENT 1.00 DUE 2027-04-01..2027-05-01
                                ->    USAGE calls (prepaid) 50 x 0.02 = 1.00
2027-05-01  pay #2              -> #2 ADJUSTMENT 1.00 PAID 2027-04-01..2027-05-01
2027-05-10  use calls 10        -> counted 10, used 10
2027-05-20  downgrade prepaid   -> sub ACTIVE postpaid 2027-05-01..2027-06-01 then prepaid
2027-06-01  tick                -> #3 SUBSCRIPTION 20.20 DUE 2027-05-01..2027-06-01
                                -> #4 SUBSCRIPTION 30.00 DUE 2027-06-01..2027-07-01
                                -> sub ACTIVE prepaid 2027-06-01..2027-07-01
# 20.00 + 10 × 0.02
2027-06-01  show #3             -> #3 SUBSCRIPTION 20.20 DUE 2027-05-01..2027-06-01
                                ->    BASE postpaid = 20.00
                                ->    USAGE calls (postpaid) 10 x 0.02 = 0.20
2027-06-01  show #4             -> #4 SUBSCRIPTION 30.00 DUE 2027-06-01..2027-07-01
                                ->    BASE prepaid = 30.00
