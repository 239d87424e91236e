# From advance to arrears the period is cut: unused 30.00 − 20.00 = 10.00 less the usage of the cut period
# 100 × 0.02 = 2.00: a credit note of 8.00. The new period is PENDING: on May 21 it is 20.00, and the 8.00 of
# the balance are spent on it.
plan prepaid 30.00 USD monthly in_advance
  feature calls per_unit 0.02
plan postpaid 20.00 USD monthly in_arrears
  feature calls per_unit 0.02

2027-04-01  subscribe prepaid  -> #1 SUBSCRIPTION 30.00 DUE
                               -> sub INCOMPLETE prepaid
2027-04-01  pay #1             -> #1 SUBSCRIPTION 30.00 PAID 2027-04-01..2027-05-01
                               -> sub ACTIVE prepaid 2027-04-01..2027-05-01
2027-04-10  use calls 100      -> counted 100, used 100
2027-04-21  upgrade postpaid   -> credit note 8.00
                               -> #2 SUBSCRIPTION PENDING 2027-04-21..2027-05-21
                               -> sub ACTIVE postpaid 2027-04-21..2027-05-21
                               -> balance 8.00 USD
2027-05-21  tick               -> #2 SUBSCRIPTION 20.00 DUE (8.00 paid) 2027-04-21..2027-05-21
                               -> #3 SUBSCRIPTION PENDING 2027-05-21..2027-06-21
                               -> sub ACTIVE postpaid 2027-05-21..2027-06-21
                               -> balance 0.00 USD
