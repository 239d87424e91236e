# Count: three events of whatever size are 3 × 0.10. Max: the highest of 4, 9, 7 at 2.00 is 18.00. Unique: three
# different users at 1.50 are 4.50. In all 22.80.
plan payg 0.00 USD monthly in_arrears
  feature calls per_unit 0.10 count
  feature seats per_unit 2.00 max
  feature users per_unit 1.50 unique user

2027-04-01  subscribe payg        -> #1 SUBSCRIPTION PENDING 2027-04-01..2027-05-01
                                  -> sub ACTIVE payg 2027-04-01..2027-05-01
2027-04-02  use calls 10          -> counted 1, used 1
2027-04-03  use calls 0.5         -> counted 1, used 2
2027-04-04  use calls 1           -> counted 1, used 3
2027-04-05  use seats 4           -> counted 4, used 4
2027-04-06  use seats 9           -> counted 5, used 9
2027-04-07  use seats 7           -> counted 0, used 9
2027-04-08  use users 1 user=ann  -> counted 1, used 1
2027-04-09  use users 1 user=bob  -> counted 1, used 2
2027-04-10  use users 1 user=ann  -> counted 0, used 2
2027-04-11  use users 1 user=3    -> counted 1, used 3
2027-04-12  use users 1           -> counted 0, used 3
2027-05-01  tick                  -> #1 SUBSCRIPTION 22.80 DUE 2027-04-01..2027-05-01
                                  -> #2 SUBSCRIPTION PENDING 2027-05-01..2027-06-01
                                  -> sub ACTIVE payg 2027-05-01..2027-06-01
2027-05-01  show #1               -> #1 SUBSCRIPTION 22.80 DUE 2027-04-01..2027-05-01
                                  ->    BASE payg = 0.00
                                  ->    USAGE calls (payg) 3 x 0.1 = 0.30
                                  ->    USAGE seats (payg) 9 x 2 = 18.00
                                  ->    USAGE users (payg) 3 x 1.5 = 4.50
