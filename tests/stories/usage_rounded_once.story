# Nothing is rounded before the line: five events of 0.4 units at 0.004 are 0.0016 each, 0.008 together: 0.01. Two
# of 1 unit at 0.0025 are 0.005: half away from zero, 0.01. The lines are rounded, not their sum: 0.02.
plan payg 0.00 USD monthly in_arrears
  feature tiny per_unit 0.004
  feature half per_unit 0.0025

2027-04-01  subscribe payg  -> #1 SUBSCRIPTION PENDING 2027-04-01..2027-05-01
                            -> sub ACTIVE payg 2027-04-01..2027-05-01
2027-04-02  use tiny 0.4    -> counted 0.4, used 0.4
2027-04-03  use tiny 0.4    -> counted 0.4, used 0.8
2027-04-04  use tiny 0.4    -> counted 0.4, used 1.2
2027-04-05  use tiny 0.4    -> counted 0.4, used 1.6
2027-04-06  use tiny 0.4    -> counted 0.4, used 2
2027-04-07  use half 1      -> counted 1, used 1
2027-04-08  use half 1      -> counted 1, used 2
2027-05-01  tick            -> #1 SUBSCRIPTION 0.02 DUE 2027-04-01..2027-05-01
                            -> #2 SUBSCRIPTION PENDING 2027-05-01..2027-06-01
                            -> sub ACTIVE payg 2027-05-01..2027-06-01
2027-05-01  show #1         -> #1 SUBSCRIPTION 0.02 DUE 2027-04-01..2027-05-01
                            ->    BASE payg = 0.00
                            ->    USAGE tiny (payg) 2 x 0.004 = 0.01
                            ->    USAGE half (payg) 2 x 0.0025 = 0.01
