# An event belongs to one subscription: the oldest with room for all its units; if none has, the one with most room.
# 8 into the first (of 10), 5 into the second (of 20), 2 into the first. Then 15 of 30 are used and the second has room
# for 15: 16 are too many for either, and 15 of them are counted. Each is billed its own: 10 × 1.00 and 20 × 0.10.
plan small 0.00 USD monthly in_advance
  feature calls per_unit 1.00 limit 10 block
plan large 0.00 USD monthly in_advance
  feature calls per_unit 0.10 limit 20 block

2027-04-01  subscribe small  -> #1 SUBSCRIPTION 0.00 PAID 2027-04-01..2027-05-01
                             -> sub ACTIVE small 2027-04-01..2027-05-01
2027-04-02  subscribe large  -> #2 SUBSCRIPTION 0.00 PAID 2027-04-02..2027-05-02
                             -> sub2 ACTIVE large 2027-04-02..2027-05-02
2027-04-10  use calls 8      -> counted 8, used 8/10
2027-04-10  use calls 5      -> counted 5, used 5/20
2027-04-10  use calls 2      -> counted 2, used 10/10
2027-04-10  check calls 15   -> allowed, used 15/30, would be 30
2027-04-10  check calls 16   -> denied usage_limit_reached, used 15/30, would be 31, 1 over
2027-04-10  use calls 16     -> counted 15, used 20/20, limit exceeded
2027-04-10  check calls      -> denied usage_limit_reached, used 30/30
2027-05-02  tick             -> #3 SUBSCRIPTION 10.00 DUE 2027-05-01..2027-06-01
                             -> #4 SUBSCRIPTION 2.00 DUE 2027-05-02..2027-06-02
                             -> sub ACTIVE small 2027-05-01..2027-06-01
                             -> sub2 ACTIVE large 2027-05-02..2027-06-02
