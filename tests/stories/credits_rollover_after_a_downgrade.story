# After a downgrade what is left of the old plan's credits follows the old plan's policy, FULL: 1,000 − 100 = 900 stay
# beside the new 10, whose own rest, 10 of NONE, goes at the next renewal: 910, then 900 + 10.
plan big 50.00 USD monthly in_advance
  feature chat burns AI
  credits AI 1000 rollover full
plan small 5.00 USD monthly in_advance
  feature chat burns AI
  credits AI 10

2027-04-01  subscribe big    -> #1 SUBSCRIPTION 50.00 DUE
                             -> sub INCOMPLETE big
2027-04-01  pay #1           -> #1 SUBSCRIPTION 50.00 PAID 2027-04-01..2027-05-01
                             -> sub ACTIVE big 2027-04-01..2027-05-01
                             -> credits 1000 AI
2027-04-10  use chat 100     -> counted 100, used 100, burnt 100
                             -> credits 900 AI
2027-04-10  downgrade small  -> sub ACTIVE big 2027-04-01..2027-05-01 then small
2027-05-01  tick             -> #2 SUBSCRIPTION 5.00 DUE 2027-05-01..2027-06-01
                             -> sub ACTIVE small 2027-05-01..2027-06-01
2027-05-01  pay #2           -> #2 SUBSCRIPTION 5.00 PAID 2027-05-01..2027-06-01
                             -> credits 910 AI
2027-06-01  tick             -> #3 SUBSCRIPTION 5.00 DUE 2027-06-01..2027-07-01
                             -> sub ACTIVE small 2027-06-01..2027-07-01
2027-06-01  pay #3           -> #3 SUBSCRIPTION 5.00 PAID 2027-06-01..2027-07-01
2027-06-01  show credits     -> AI: granted 1020, consumed 100, expired 10, clawed back 0
                             ->    2027-04-01 PLAN_INCLUDED 900 of 1000 AI left
                             ->    2027-05-01 PLAN_INCLUDED 0 of 10 AI left
                             ->    2027-06-01 PLAN_INCLUDED 10 of 10 AI left
