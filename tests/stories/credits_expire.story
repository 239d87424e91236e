# At the instant at which credits expire they are gone: 60 of 100 a microsecond before, none then.
plan free 0.00 USD monthly in_advance
  feature chat burns AI

2027-04-01                  subscribe free                         -> #1 SUBSCRIPTION 0.00 PAID 2027-04-01..2027-05-01
                                                                   -> sub ACTIVE free 2027-04-01..2027-05-01
2027-04-01                  grant AI 100 expires 2027-04-20T12:00  -> credits 100 AI
2027-04-02                  use chat 40                            -> counted 40, used 40, burnt 40
                                                                   -> credits 60 AI
2027-04-20T11:59:59.999999  check chat 60                          -> allowed, used 40, would be 100, would burn 60
2027-04-20T12:00            check chat                             -> denied insufficient_credits, used 40
                                                                   -> credits 0 AI
2027-04-20T12:00            use chat 5                             -> counted 5, used 45, 5 credits short
2027-04-20T12:00            show credits                           -> AI: granted 100, consumed 40, expired 60, clawed back 0
                                                                   ->    2027-04-01 PROMOTIONAL 0 of 100 AI left until 2027-04-20T12:00
