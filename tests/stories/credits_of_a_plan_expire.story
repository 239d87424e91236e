# A plan's credits that expire after two months: full rollover keeps them until then and no longer. 100 each on Apr 1,
# May 1, Jun 1; on Jun 1 April's are gone before June's come: 200.
plan free 0.00 USD monthly in_advance
  feature chat burns AI
  credits AI 100 rollover full expires 2

2027-04-01                  subscribe free  -> #1 SUBSCRIPTION 0.00 PAID 2027-04-01..2027-05-01
                                            -> sub ACTIVE free 2027-04-01..2027-05-01
                                            -> credits 100 AI
2027-05-01                  tick            -> #2 SUBSCRIPTION 0.00 PAID 2027-05-01..2027-06-01
                                            -> sub ACTIVE free 2027-05-01..2027-06-01
                                            -> credits 200 AI
2027-05-31T23:59:59.999999  tick            -> nothing
2027-06-01                  tick            -> #3 SUBSCRIPTION 0.00 PAID 2027-06-01..2027-07-01
                                            -> sub ACTIVE free 2027-06-01..2027-07-01
2027-06-01                  show credits    -> AI: granted 300, consumed 0, expired 100, clawed back 0
                                            ->    2027-04-01 PLAN_INCLUDED 0 of 100 AI left until 2027-06-01
                                            ->    2027-05-01 PLAN_INCLUDED 100 of 100 AI left until 2027-07-01
                                            ->    2027-06-01 PLAN_INCLUDED 100 of 100 AI left until 2027-08-01
