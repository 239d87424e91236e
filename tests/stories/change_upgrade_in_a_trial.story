# In a trial an upgrade swaps the plan without money and keeps the trial's end; the increase of credits comes
# at once. At the end the new plan is charged in full. A downgrade in a trial waits for that end.
plan a 30.00 USD monthly in_advance trial 10
  feature chat burns AI
  credits AI 100
plan b 100.00 USD monthly in_advance
  feature chat burns AI
  credits AI 500
plan small 5.00 USD monthly in_advance

2027-04-01  subscribe a      -> #1 SUBSCRIPTION 0.00 PAID 2027-04-01..2027-04-11
                             -> sub TRIALING a 2027-04-01..2027-04-11
                             -> credits 100 AI
2027-04-05  upgrade b        -> sub TRIALING b 2027-04-01..2027-04-11
                             -> credits 500 AI
2027-04-06  downgrade small  -> sub TRIALING b 2027-04-01..2027-04-11 then small
2027-04-07  undo change      -> sub TRIALING b 2027-04-01..2027-04-11
2027-04-11  tick             -> #2 SUBSCRIPTION 100.00 DUE 2027-04-11..2027-05-11
                             -> sub ACTIVE b 2027-04-11..2027-05-11
2027-04-11  pay #2           -> #2 SUBSCRIPTION 100.00 PAID 2027-04-11..2027-05-11
