# 200 credits at 0.05 are 10.00. Paid they are a grant of their own; unpaid at the end of grace the purchase is void. It
# belongs to no subscription: access stays. Bought ones are spent last.
price AI 0.05 USD
plan free 0.00 USD monthly in_advance
  feature chat burns AI
  credits AI 10

2027-04-01                  subscribe free  -> #1 SUBSCRIPTION 0.00 PAID 2027-04-01..2027-05-01
                                            -> sub ACTIVE free 2027-04-01..2027-05-01
                                            -> credits 10 AI
2027-04-01                  buy AI 200      -> #2 CREDIT_PURCHASE 10.00 DUE
2027-04-01                  show #2         -> #2 CREDIT_PURCHASE 10.00 DUE
                                            ->    OTHER AI 200 x 0.05 = 10.00
2027-04-02                  pay #2          -> #2 CREDIT_PURCHASE 10.00 PAID
                                            -> credits 210 AI
2027-04-02                  use chat 15     -> counted 15, used 15, burnt 15
                                            -> credits 195 AI
2027-04-02                  show credits    -> AI: granted 210, consumed 15, expired 0, clawed back 0
                                            ->    2027-04-01 PLAN_INCLUDED 0 of 10 AI left
                                            ->    2027-04-02 PURCHASED 195 of 200 AI left
2027-04-03                  buy AI 1000     -> #3 CREDIT_PURCHASE 50.00 DUE
2027-04-05T23:59:59.999999  check chat      -> allowed, used 15
2027-04-06                  check chat      -> allowed, used 15
                                            -> #3 CREDIT_PURCHASE 50.00 VOID
2027-04-06                  pay #3          -> refused: invoice_void
2027-05-01                  tick            -> #4 SUBSCRIPTION 0.00 PAID 2027-05-01..2027-06-01
                                            -> sub ACTIVE free 2027-05-01..2027-06-01
                                            -> credits 205 AI
