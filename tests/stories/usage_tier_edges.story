# A tier ends with its last unit and is entered by the first beyond it, a part of one too, with its flat fee once.
# Graduated, 10 at 1.00 with 2.00 flat, then 0.50 with 3.00: 10 are 12.00; 10.5 are 12.00 + 0.25 + 3.00 = 15.25.
# Volume: 10 are 12.00; 10.5 are 10.5 × 0.50 + 3.00 = 8.25. A package that is started is owed: 10 are one of 5.00,
# 10.5 two. Sums: 12 + 12 + 5 = 29.00; 15.25 + 8.25 + 10 = 33.50.
plan payg 0.00 USD monthly in_arrears
  feature tiered graduated 10:1.00+2.00 inf:0.50+3.00
  feature bulk volume 10:1.00+2.00 inf:0.50+3.00
  feature boxed package 10 5.00

2027-04-01  subscribe payg   -> #1 SUBSCRIPTION PENDING 2027-04-01..2027-05-01
                             -> sub ACTIVE payg 2027-04-01..2027-05-01
2027-04-10  use tiered 10    -> counted 10, used 10
2027-04-10  use bulk 10      -> counted 10, used 10
2027-04-10  use boxed 10     -> counted 10, used 10
2027-05-01  tick             -> #1 SUBSCRIPTION 29.00 DUE 2027-04-01..2027-05-01
                             -> #2 SUBSCRIPTION PENDING 2027-05-01..2027-06-01
                             -> sub ACTIVE payg 2027-05-01..2027-06-01
2027-05-01  show #1          -> #1 SUBSCRIPTION 29.00 DUE 2027-04-01..2027-05-01
                             ->    BASE payg = 0.00
                             ->    USAGE tiered (payg) 10 = 12.00
                             ->    USAGE bulk (payg) 10 = 12.00
                             ->    USAGE boxed (payg) 10 = 5.00
2027-05-02  use tiered 10.5  -> counted 10.5, used 10.5
2027-05-02  use bulk 10.5    -> counted 10.5, used 10.5
2027-05-02  use boxed 10.5   -> counted 10.5, used 10.5
2027-06-01  tick             -> #1 SUBSCRIPTION 29.00 PAST_DUE 2027-04-01..2027-05-01
                             -> #2 SUBSCRIPTION 33.50 DUE 2027-05-01..2027-06-01
                             -> sub PAST_DUE payg 2027-05-01..2027-06-01
2027-06-01  show #2          -> #2 SUBSCRIPTION 33.50 DUE 2027-05-01..2027-06-01
                             ->    BASE payg = 0.00
                             ->    USAGE tiered (payg) 10.5 = 15.25
                             ->    USAGE bulk (payg) 10.5 = 8.25
                             ->    USAGE boxed (payg) 10.5 = 10.00
