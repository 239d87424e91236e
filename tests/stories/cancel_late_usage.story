# Cancelled after 20 of 30 days: 49.00 − round(32.667) = 16.33, of which FINAL takes 100 × 0.02 = 2.00.
# Usage that comes in after the end goes on one ADJUSTMENT 35 days after it: 30 × 0.02 = 0.60 on May 26. An event
# may have occurred at most 35 days ago. What occurred after the end is not counted.
plan pro 49.00 USD monthly in_advance
  feature calls per_unit 0.02

2027-04-01                  subscribe pro                              -> #1 SUBSCRIPTION 49.00 DUE
                                                                       -> sub INCOMPLETE pro
2027-04-01                  pay #1                                     -> #1 SUBSCRIPTION 49.00 PAID 2027-04-01..2027-05-01
                                                                       -> sub ACTIVE pro 2027-04-01..2027-05-01
2027-04-10                  use calls 100                              -> counted 100, used 100
2027-04-21                  cancel now                                 -> credit note 16.33
                                                                       -> #2 FINAL 2.00 PAID 2027-04-01..2027-04-21
                                                                       -> sub CANCELLED pro 2027-04-01..2027-04-21
                                                                       -> balance 14.33 USD
2027-04-25                  use calls 10 at 2027-04-20                 -> counted 10, used 110, late
2027-05-20                  use calls 20 at 2027-04-15                 -> counted 20, used 130, late
2027-05-20                  use calls 9 at 2027-04-14T23:59:59.999999  -> refused: validation_failed
2027-05-20                  use calls 5 at 2027-04-21                  -> not counted: after_end
2027-05-25T23:59:59.999999  tick                                       -> nothing
2027-05-26                  tick                                       -> #3 ADJUSTMENT 0.60 PAID 2027-04-01..2027-04-21
                                                                       -> balance 13.73 USD
2027-05-26                  show #3                                    -> #3 ADJUSTMENT 0.60 PAID 2027-04-01..2027-04-21
                                                                       ->    LATE_USAGE calls (pro), reported late 30 x 0.02 = 0.60
