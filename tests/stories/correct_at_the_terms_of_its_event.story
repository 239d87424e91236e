# An event is corrected under the version that was in force when it happened, whatever the plan is now. 10 units of small
# at 1.00, then 10 of large at 0.50: less 4 of the first, the bill is 6.00 and 5.00. After the end: late, 35 days after it.
plan small 10.00 USD monthly in_advance
  feature calls per_unit 1.00
plan large 30.00 USD monthly in_advance
  feature calls per_unit 0.50

2027-04-01  subscribe small            -> #1 SUBSCRIPTION 10.00 DUE
                                       -> sub INCOMPLETE small
2027-04-01  pay #1                     -> #1 SUBSCRIPTION 10.00 PAID 2027-04-01..2027-05-01
                                       -> sub ACTIVE small 2027-04-01..2027-05-01
2027-04-05  use calls 10 key a         -> counted 10, used 10
2027-04-16  upgrade large              -> #2 ADJUSTMENT 10.00 DUE 2027-04-16..2027-05-01
                                       -> sub ACTIVE large 2027-04-01..2027-05-01
2027-04-16  pay #2                     -> #2 ADJUSTMENT 10.00 PAID 2027-04-16..2027-05-01
2027-04-20  use calls 10 key b         -> counted 10, used 20
2027-04-21  correct a 4 at 2027-04-05  -> counted -4, used 16
2027-04-21  correct a 1 at 2027-04-06  -> refused: validation_failed
2027-04-22  cancel now                 -> credit note 9.00
                                       -> #3 FINAL 11.00 DUE (9.00 paid) 2027-04-01..2027-04-22
                                       -> sub CANCELLED large 2027-04-01..2027-04-22
2027-04-22  show #3                    -> #3 FINAL 11.00 DUE (9.00 paid) 2027-04-01..2027-04-22
                                       ->    USAGE calls (small) 6 x 1 = 6.00 for 2027-04-01..2027-04-16
                                       ->    USAGE calls (large) 10 x 0.5 = 5.00 for 2027-04-16..2027-04-22
2027-04-23  pay #3                     -> #3 FINAL 11.00 PAID 2027-04-01..2027-04-22
2027-05-01  correct b 6                -> counted -6, used 10, late
2027-05-27  tick                       -> balance 3.00 USD
2027-05-28  correct b 1                -> refused: validation_failed
