# The renewal of May 1 is unpaid when the plan is changed to a yearly one. The period that is cut counts, for
# credits, as the one that goes on: 1,000 are promised by #2, so the change brings 5,000 − 1,000 = 4,000, and the
# payment of #2 its 1,000. May has 31 days, 11 are gone: unused 31.00 − 11.00 = 20.00; 365.00 − 20.00 = 345.00.
plan a 31.00 USD monthly in_advance grace 30
  feature chat burns AI
  credits AI 1000
plan b 365.00 USD yearly in_advance grace 30
  feature chat burns AI
  credits AI 5000

2027-04-01  subscribe a    -> #1 SUBSCRIPTION 31.00 DUE
                           -> sub INCOMPLETE a
2027-04-01  pay #1         -> #1 SUBSCRIPTION 31.00 PAID 2027-04-01..2027-05-01
                           -> sub ACTIVE a 2027-04-01..2027-05-01
                           -> credits 1000 AI
2027-04-10  use chat 1000  -> counted 1000, used 1000, burnt 1000
                           -> credits 0 AI
2027-05-01  tick           -> #2 SUBSCRIPTION 31.00 DUE 2027-05-01..2027-06-01
                           -> sub ACTIVE a 2027-05-01..2027-06-01
2027-05-12  upgrade b      -> #3 ADJUSTMENT 345.00 DUE 2027-05-12..2028-05-12
                           -> sub ACTIVE b 2027-05-12..2028-05-12
                           -> credits 4000 AI
2027-05-12  pay #3         -> #3 ADJUSTMENT 345.00 PAID 2027-05-12..2028-05-12
2027-05-13  pay #2         -> #2 SUBSCRIPTION 31.00 PAID 2027-05-01..2027-06-01
                           -> credits 5000 AI
2027-05-13  show credits   -> AI: granted 6000, consumed 1000, expired 0, clawed back 0
                           ->    2027-04-01 PLAN_INCLUDED 0 of 1000 AI left
                           ->    2027-05-12 PLAN_INCLUDED 4000 of 4000 AI left
                           ->    2027-05-13 PLAN_INCLUDED 1000 of 1000 AI left
