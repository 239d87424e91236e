# 12,345.5 units. Graduated, 0–1,000 at 0.02, to 10,000 at 0.01, then 0.005: 20 + 90 + 11.7275 = 121.7275, 121.73.
# Volume, the same tiers: 12,345.5 × 0.005 = 61.7275, 61.73. Package of 1,000 at 1.50: 13 blocks are 19.50. Per
# unit at 0.0049: 60.49295, 60.49. In all 263.45.
plan payg 0.00 USD monthly in_arrears
  feature tiered graduated 1000:0.02 10000:0.01 inf:0.005
  feature bulk volume 1000:0.02 10000:0.01 inf:0.005
  feature boxed package 1000 1.50
  feature single per_unit 0.0049

2027-04-01  subscribe payg      -> #1 SUBSCRIPTION PENDING 2027-04-01..2027-05-01
                                -> sub ACTIVE payg 2027-04-01..2027-05-01
2027-04-10  use tiered 10000    -> counted 10000, used 10000
2027-04-11  use tiered 2345.5   -> counted 2345.5, used 12345.5
2027-04-12  use bulk 12345.5    -> counted 12345.5, used 12345.5
2027-04-13  use boxed 12345.5   -> counted 12345.5, used 12345.5
2027-04-14  use single 12345.5  -> counted 12345.5, used 12345.5
2027-05-01  tick                -> #1 SUBSCRIPTION 263.45 DUE 2027-04-01..2027-05-01
                                -> #2 SUBSCRIPTION PENDING 2027-05-01..2027-06-01
                                -> sub ACTIVE payg 2027-05-01..2027-06-01
2027-05-01  show #1             -> #1 SUBSCRIPTION 263.45 DUE 2027-04-01..2027-05-01
                                ->    BASE payg = 0.00
                                ->    USAGE tiered (payg) 12345.5 = 121.73
                                ->    USAGE bulk (payg) 12345.5 = 61.73
                                ->    USAGE boxed (payg) 12345.5 = 19.50
                                ->    USAGE single (payg) 12345.5 x 0.0049 = 60.49
