# 30 days, 10 left: 100.00 x 1/3 - 10.00 = 23.33, which the change waits for. Until it is paid a is in force, its limit
# and its credits. Paid 5 days later the rest of the month on b costs 16.67 and 5.00 of a is unused: of the 33.33 and
# 10.00 that were charged, 16.66 and 5.00 were for the wait. 11.66 goes back: nobody pays for b before it is theirs.
account upgrades wait
plan a 30.00 USD monthly in_advance grace 20
  feature calls limit 10 block
  credits AI 10
plan b 100.00 USD monthly in_advance grace 20
  feature calls limit 100 block
  credits AI 50

2027-04-01  subscribe a     -> #1 SUBSCRIPTION 30.00 DUE
                            -> sub INCOMPLETE a
2027-04-01  pay #1          -> #1 SUBSCRIPTION 30.00 PAID 2027-04-01..2027-05-01
                            -> sub ACTIVE a 2027-04-01..2027-05-01
                            -> credits 10 AI
2027-04-21  upgrade b       -> #2 ADJUSTMENT 23.33 DUE 2027-04-21..2027-05-01
                            -> sub ACTIVE a 2027-04-01..2027-05-01 then b
2027-04-21  upgrade b       -> nothing
2027-04-22  check calls 20  -> denied usage_limit_reached, used 0/10, would be 20, 10 over
2027-04-26  pay #2          -> #2 ADJUSTMENT 23.33 PAID 2027-04-21..2027-05-01
                            -> sub ACTIVE b 2027-04-01..2027-05-01
                            -> balance 11.66 USD
                            -> credits 50 AI
2027-04-26  check calls 20  -> allowed, used 0/100, would be 20
2027-04-26  show #2         -> #2 ADJUSTMENT 23.33 PAID 2027-04-21..2027-05-01
                            ->    UNUSED_TIME Unused time on a = -10.00
                            ->    REMAINING_TIME Remaining time on b = 33.33
2027-04-26  show credits    -> AI: granted 50, consumed 0, expired 0, clawed back 0
                            ->    2027-04-01 PLAN_INCLUDED 10 of 10 AI left
                            ->    2027-04-26 PLAN_INCLUDED 40 of 40 AI left
2027-04-28  cancel now      -> credit note 10.00
                            -> sub CANCELLED b 2027-04-01..2027-04-28
                            -> balance 21.66 USD
                            -> credits 0 AI
