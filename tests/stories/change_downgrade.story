# A downgrade waits for the boundary, after the old period is closed: what was used in it is charged at its
# own price. A newer one takes its place; undone, nothing happens; there need not be one to undo.
plan big 100.00 USD monthly in_advance
  feature calls per_unit 0.02 limit 1000 allow
plan mid 50.00 USD monthly in_advance
  feature calls per_unit 0.03
plan small 10.00 USD monthly in_advance
  feature calls per_unit 0.05

2027-04-01  subscribe big    -> #1 SUBSCRIPTION 100.00 DUE
                             -> sub INCOMPLETE big
2027-04-01  pay #1           -> #1 SUBSCRIPTION 100.00 PAID 2027-04-01..2027-05-01
                             -> sub ACTIVE big 2027-04-01..2027-05-01
2027-04-02  undo change      -> nothing
2027-04-10  downgrade small  -> sub ACTIVE big 2027-04-01..2027-05-01 then small
2027-04-11  undo change      -> sub ACTIVE big 2027-04-01..2027-05-01
2027-04-12  downgrade small  -> sub ACTIVE big 2027-04-01..2027-05-01 then small
2027-04-13  downgrade mid    -> sub ACTIVE big 2027-04-01..2027-05-01 then mid
2027-04-14  use calls 100    -> counted 100, used 100/1000
2027-05-01  tick             -> #2 SUBSCRIPTION 52.00 DUE 2027-05-01..2027-06-01
                             -> sub ACTIVE mid 2027-05-01..2027-06-01
# 50.00 + 100 × 0.02
2027-05-01  show #2          -> #2 SUBSCRIPTION 52.00 DUE 2027-05-01..2027-06-01
                             ->    BASE mid = 50.00
                             ->    USAGE calls (big) 100 x 0.02 = 2.00 for 2027-04-01..2027-05-01
2027-05-01  pay #2           -> #2 SUBSCRIPTION 52.00 PAID 2027-05-01..2027-06-01
2027-05-02  use calls 100    -> counted 100, used 100
2027-06-01  tick             -> #3 SUBSCRIPTION 53.00 DUE 2027-06-01..2027-07-01
                             -> sub ACTIVE mid 2027-06-01..2027-07-01
# 50.00 + 100 × 0.03
2027-06-01  show #3          -> #3 SUBSCRIPTION 53.00 DUE 2027-06-01..2027-07-01
                             ->    BASE mid = 50.00
                             ->    USAGE calls (mid) 100 x 0.03 = 3.00 for 2027-05-01..2027-06-01
