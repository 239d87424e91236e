# A correction takes units off an event of the running period; the bill is of what is left. Calls: 15 units are 10 × 1.00 +
# 5 × 0.50 = 12.50; less 7, 8 units are 8.00. Another event of 4 then makes 12 units: 10.00 + 2 × 0.50 = 11.00. All of
# the corrections of an event together take off no more than it was; one under the same key is the same one.
plan pro 20.00 USD monthly in_advance
  feature calls graduated 10:1.00 inf:0.50

2027-04-01  subscribe pro         -> #1 SUBSCRIPTION 20.00 DUE
                                  -> sub INCOMPLETE pro
2027-04-01  pay #1                -> #1 SUBSCRIPTION 20.00 PAID 2027-04-01..2027-05-01
                                  -> sub ACTIVE pro 2027-04-01..2027-05-01
2027-04-10  use calls 15 key a    -> counted 15, used 15
2027-04-11  correct a 7 key back  -> counted -7, used 8
2027-04-12  correct a 7 key back  -> counted -7, used 8, duplicate
2027-04-12  correct a 6 key back  -> refused: event_key_conflict
2027-04-12  correct a 8.5         -> refused: validation_failed
2027-04-13  correct back 1        -> refused: validation_failed
2027-04-13  correct b 1           -> refused: validation_failed
2027-04-20  use calls 4 key b     -> counted 4, used 12
2027-05-01  tick                  -> #2 SUBSCRIPTION 31.00 DUE 2027-05-01..2027-06-01
                                  -> sub ACTIVE pro 2027-05-01..2027-06-01
2027-05-01  show #2               -> #2 SUBSCRIPTION 31.00 DUE 2027-05-01..2027-06-01
                                  ->    BASE pro = 20.00
                                  ->    USAGE calls (pro) 12 = 11.00 for 2027-04-01..2027-05-01
