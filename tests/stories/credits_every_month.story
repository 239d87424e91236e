# A yearly plan that grants 100 credits every month, counted from its anchor of Jan 31, without rollover: Feb 28, Mar 31.
# What is left at each goes.
plan annual 120.00 USD yearly in_advance
  feature chat burns AI
  credits AI 100 every month

2027-01-31                  subscribe annual  -> #1 SUBSCRIPTION 120.00 DUE
                                              -> sub INCOMPLETE annual
2027-01-31                  pay #1            -> #1 SUBSCRIPTION 120.00 PAID 2027-01-31..2028-01-31
                                              -> sub ACTIVE annual 2027-01-31..2028-01-31
                                              -> credits 100 AI
2027-02-10                  use chat 30       -> counted 30, used 30, burnt 30
                                              -> credits 70 AI
2027-02-27T23:59:59.999999  tick              -> nothing
2027-02-28                  tick              -> credits 100 AI
2027-03-10                  use chat 60       -> counted 60, used 90, burnt 60
                                              -> credits 40 AI
2027-03-31                  tick              -> credits 100 AI
2027-03-31                  show credits      -> AI: granted 300, consumed 90, expired 110, clawed back 0
                                              ->    2027-01-31 PLAN_INCLUDED 0 of 100 AI left
                                              ->    2027-02-28 PLAN_INCLUDED 0 of 100 AI left
                                              ->    2027-03-31 PLAN_INCLUDED 100 of 100 AI left
