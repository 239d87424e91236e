# 19 % tax on the sum of the lines: 49.00 × 0.19 = 9.31, 58.31 in all. April has 30 days. The upgrade on the
# 16th: unused 49.00 − round(49.00 × 15/30) = 49.00 − 24.50 = 24.50, B 99.00 × 15/30 = 49.50; net 25.00 +
# 4.75 tax = 29.75. Cancelled on the 26th, 10 of B's 15 days on: 49.50 − round(49.50 × 10/15 = 33.00) =
# 16.50 + round(3.135) = 3.14 tax = 19.64 credited at the rate of the invoice that it corrects.
plan pro 49.00 USD monthly in_advance
plan big 99.00 USD monthly in_advance
customer zoe tax 19

2027-04-01  subscribe pro  -> #1 SUBSCRIPTION 58.31 DUE
                           -> sub INCOMPLETE pro
2027-04-01  show #1        -> #1 SUBSCRIPTION 58.31 DUE
                           ->    BASE pro = 49.00
                           ->    49.00 and 9.31 tax
2027-04-01  pay #1         -> #1 SUBSCRIPTION 58.31 PAID 2027-04-01..2027-05-01
                           -> sub ACTIVE pro 2027-04-01..2027-05-01
2027-04-16  upgrade big    -> #2 ADJUSTMENT 29.75 DUE 2027-04-16..2027-05-01
                           -> sub ACTIVE big 2027-04-01..2027-05-01
2027-04-16  show #2        -> #2 ADJUSTMENT 29.75 DUE 2027-04-16..2027-05-01
                           ->    UNUSED_TIME Unused time on pro = -24.50
                           ->    REMAINING_TIME Remaining time on big = 49.50
                           ->    25.00 and 4.75 tax
2027-04-16  pay #2         -> #2 ADJUSTMENT 29.75 PAID 2027-04-16..2027-05-01
2027-04-26  cancel now     -> credit note 19.64 with 3.14 tax
                           -> sub CANCELLED big 2027-04-01..2027-04-26
                           -> balance 19.64 USD
