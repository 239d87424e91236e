# After an upgrade was undone there can be another: three parts of one period. Usage: A 10 × 0.10, B 10 × 0.50, B again
# 20 × 0.50: its 30 are 15.00. Of 30 days 20 are left: 66.67 − 20.00 = 46.67; then half: 50.00 − 15.00 = 35.00.
plan a 30.00 USD monthly in_advance grace 30
  feature calls per_unit 0.10
plan b 100.00 USD monthly in_advance grace 30
  feature calls per_unit 0.50

2027-04-01  subscribe a   -> #1 SUBSCRIPTION 30.00 DUE
                          -> sub INCOMPLETE a
2027-04-01  pay #1        -> #1 SUBSCRIPTION 30.00 PAID 2027-04-01..2027-05-01
                          -> sub ACTIVE a 2027-04-01..2027-05-01
2027-04-11  upgrade b     -> #2 ADJUSTMENT 46.67 DUE 2027-04-11..2027-05-01
                          -> sub ACTIVE b 2027-04-01..2027-05-01
2027-04-12  use calls 10  -> counted 10, used 10
2027-04-13  void #2       -> #2 ADJUSTMENT 46.67 VOID 2027-04-11..2027-05-01
                          -> sub ACTIVE a 2027-04-01..2027-05-01
2027-04-14  use calls 10  -> counted 10, used 20
2027-04-16  upgrade b     -> #3 ADJUSTMENT 35.00 DUE 2027-04-16..2027-05-01
                          -> sub ACTIVE b 2027-04-01..2027-05-01
2027-04-16  pay #3        -> #3 ADJUSTMENT 35.00 PAID 2027-04-16..2027-05-01
2027-04-17  use calls 20  -> counted 20, used 40
2027-05-01  tick          -> #4 SUBSCRIPTION 116.00 DUE 2027-05-01..2027-06-01
                          -> sub ACTIVE b 2027-05-01..2027-06-01
# 100.00 + 1.00 + 15.00
2027-05-01  show #4       -> #4 SUBSCRIPTION 116.00 DUE 2027-05-01..2027-06-01
                          ->    BASE b = 100.00
                          ->    USAGE calls (a) 10 x 0.1 = 1.00 for 2027-04-01..2027-04-16
                          ->    USAGE calls (b) 30 x 0.5 = 15.00 for 2027-04-16..2027-05-01
