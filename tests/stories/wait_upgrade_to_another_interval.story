# To a yearly plan with 15 of 30 days left: 300.00 - 15.00 = 285.00, for a year from its payment. Paid 3 days later, the
# month is cut then: its 3 more days on a (15.00 - 12.00) and its usage of 7 calls stand on an adjustment of their own.
account upgrades wait
plan a 30.00 USD monthly in_advance grace 20
  feature calls per_unit 0.10
plan y 300.00 USD yearly in_advance grace 20
  feature calls per_unit 0.10

2027-04-01  subscribe a  -> #1 SUBSCRIPTION 30.00 DUE
                         -> sub INCOMPLETE a
2027-04-01  pay #1       -> #1 SUBSCRIPTION 30.00 PAID 2027-04-01..2027-05-01
                         -> sub ACTIVE a 2027-04-01..2027-05-01
2027-04-10  use calls 5  -> counted 5, used 5
2027-04-16  upgrade y    -> #2 ADJUSTMENT 285.00 DUE
                         -> sub ACTIVE a 2027-04-01..2027-05-01 then y
2027-04-17  use calls 2  -> counted 2, used 7
2027-04-19  pay #2       -> #2 ADJUSTMENT 285.00 PAID 2027-04-19..2028-04-19
                         -> #3 ADJUSTMENT 3.70 DUE 2027-04-19..2028-04-19
                         -> sub ACTIVE y 2027-04-19..2028-04-19
2027-04-19  show #2      -> #2 ADJUSTMENT 285.00 PAID 2027-04-19..2028-04-19
                         ->    UNUSED_TIME Unused time on a = -15.00 for 2027-04-16..2027-05-01
                         ->    BASE y = 300.00
2027-04-19  show #3      -> #3 ADJUSTMENT 3.70 DUE 2027-04-19..2028-04-19
                         ->    ELAPSED_TIME Elapsed time on a until the change = 3.00 for 2027-04-16..2027-04-19
                         ->    USAGE calls (a) 7 x 0.1 = 0.70 for 2027-04-01..2027-04-19
# Cancelled with that unpaid: it is void, and FINAL carries what was used: 3.00 and 0.70. The year is unused but for 2 days
# of 366: 300.00 - 1.64 = 298.36 goes back and pays FINAL.
2027-04-21  cancel now   -> credit note 298.36
                         -> #3 ADJUSTMENT 3.70 VOID 2027-04-19..2028-04-19 replaced by #4
                         -> #4 FINAL 3.70 PAID 2027-04-01..2027-04-21
                         -> sub CANCELLED y 2027-04-19..2027-04-21
                         -> balance 294.66 USD
2027-04-21  show #4      -> #4 FINAL 3.70 PAID 2027-04-01..2027-04-21
                         ->    ELAPSED_TIME Elapsed time on a until the change = 3.00 for 2027-04-16..2027-04-19
                         ->    USAGE calls (a) 7 x 0.1 = 0.70 for 2027-04-01..2027-04-19
