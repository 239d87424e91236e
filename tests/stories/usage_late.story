# What comes in after its period was billed is a line of its own on the next invoice, at the period's terms: round(rate
# of all) less what was billed. April was billed 8 × 1.00; 4 more make 10 × 1.00 + 2 × 0.50 = 11.00: 3.00 late. With
# May's 5 × 1.00 and June's base of 20.00: 28.00. 6 more make 10.00 + 8 × 0.50 = 14.00: 3.00 again; July: 23.00.
plan pro 20.00 USD monthly in_advance
  feature calls graduated 10:1.00 inf:0.50

2027-04-01  subscribe pro              -> #1 SUBSCRIPTION 20.00 DUE
                                       -> sub INCOMPLETE pro
2027-04-01  pay #1                     -> #1 SUBSCRIPTION 20.00 PAID 2027-04-01..2027-05-01
                                       -> sub ACTIVE pro 2027-04-01..2027-05-01
2027-04-10  use calls 8                -> counted 8, used 8
2027-05-01  tick                       -> #2 SUBSCRIPTION 28.00 DUE 2027-05-01..2027-06-01
                                       -> sub ACTIVE pro 2027-05-01..2027-06-01
2027-05-01  pay #2                     -> #2 SUBSCRIPTION 28.00 PAID 2027-05-01..2027-06-01
2027-05-02  use calls 4 at 2027-04-20  -> counted 4, used 12, late
2027-05-10  use calls 5                -> counted 5, used 5
2027-06-01  tick                       -> #3 SUBSCRIPTION 28.00 DUE 2027-06-01..2027-07-01
                                       -> sub ACTIVE pro 2027-06-01..2027-07-01
2027-06-01  show #3                    -> #3 SUBSCRIPTION 28.00 DUE 2027-06-01..2027-07-01
                                       ->    BASE pro = 20.00
                                       ->    LATE_USAGE calls (pro), reported late 4 = 3.00 for 2027-04-01..2027-05-01
                                       ->    USAGE calls (pro) 5 = 5.00 for 2027-05-01..2027-06-01
2027-06-01  pay #3                     -> #3 SUBSCRIPTION 28.00 PAID 2027-06-01..2027-07-01
2027-06-04  use calls 6 at 2027-04-30  -> counted 6, used 18, late
2027-07-01  tick                       -> #4 SUBSCRIPTION 23.00 DUE 2027-07-01..2027-08-01
                                       -> sub ACTIVE pro 2027-07-01..2027-08-01
2027-07-01  show #4                    -> #4 SUBSCRIPTION 23.00 DUE 2027-07-01..2027-08-01
                                       ->    BASE pro = 20.00
                                       ->    LATE_USAGE calls (pro), reported late 6 = 3.00 for 2027-04-01..2027-05-01
