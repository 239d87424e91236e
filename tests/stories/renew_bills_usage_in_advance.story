# In advance a renewal is the base price of the new period and the usage of the one just ended:
# 49.00 + 1,500 × 0.003 = 4.50. An event at the boundary belongs to the new period.
plan pro 49.00 USD monthly in_advance
  feature calls per_unit 0.003

2027-01-01                  subscribe pro   -> #1 SUBSCRIPTION 49.00 DUE
                                            -> sub INCOMPLETE pro
2027-01-01                  pay #1          -> #1 SUBSCRIPTION 49.00 PAID 2027-01-01..2027-02-01
                                            -> sub ACTIVE pro 2027-01-01..2027-02-01
2027-01-20                  use calls 1400  -> counted 1400, used 1400
2027-01-31T23:59:59.999999  use calls 100   -> counted 100, used 1500
2027-02-01                  use calls 20    -> counted 20, used 20
                                            -> #2 SUBSCRIPTION 53.50 DUE 2027-02-01..2027-03-01
                                            -> sub ACTIVE pro 2027-02-01..2027-03-01
2027-02-01                  show #2         -> #2 SUBSCRIPTION 53.50 DUE 2027-02-01..2027-03-01
                                            ->    BASE pro = 49.00
                                            ->    USAGE calls (pro) 1500 x 0.003 = 4.50 for 2027-01-01..2027-02-01
2027-02-01                  pay #2          -> #2 SUBSCRIPTION 53.50 PAID 2027-02-01..2027-03-01
2027-03-01                  tick            -> #3 SUBSCRIPTION 49.06 DUE 2027-03-01..2027-04-01
                                            -> sub ACTIVE pro 2027-03-01..2027-04-01
# 49.00 + 20 × 0.003 = 0.06
2027-03-01                  show #3         -> #3 SUBSCRIPTION 49.06 DUE 2027-03-01..2027-04-01
                                            ->    BASE pro = 49.00
                                            ->    USAGE calls (pro) 20 x 0.003 = 0.06 for 2027-02-01..2027-03-01
