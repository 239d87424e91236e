# Priority first, then what expires soonest, then free before bought, then the oldest. 14 are those of priority −1; 14 more
# the 13 until June and 1 of the 12 until July; 12 more the other 11 of those and 1 of the manual ones of Apr 3; 11 more
# the other 10 of those and only then 1 of the bought ones, though they are of Apr 2.
plan free 0.00 USD monthly in_advance
  feature chat burns AI

2027-04-01  subscribe free                  -> #1 SUBSCRIPTION 0.00 PAID 2027-04-01..2027-05-01
                                            -> sub ACTIVE free 2027-04-01..2027-05-01
2027-04-02  grant AI 10 purchased           -> credits 10 AI
2027-04-03  grant AI 11 manual              -> credits 21 AI
2027-04-04  grant AI 12 expires 2027-07-01  -> credits 33 AI
2027-04-05  grant AI 13 expires 2027-06-01  -> credits 46 AI
2027-04-06  grant AI 14 priority -1         -> credits 60 AI
2027-04-10  use chat 14                     -> counted 14, used 14, burnt 14
                                            -> credits 46 AI
2027-04-10  show credits                    -> AI: granted 60, consumed 14, expired 0, clawed back 0
                                            ->    2027-04-02 PURCHASED 10 of 10 AI left
                                            ->    2027-04-03 MANUAL 11 of 11 AI left
                                            ->    2027-04-04 PROMOTIONAL 12 of 12 AI left until 2027-07-01
                                            ->    2027-04-05 PROMOTIONAL 13 of 13 AI left until 2027-06-01
                                            ->    2027-04-06 PROMOTIONAL 0 of 14 AI left
2027-04-11  use chat 14                     -> counted 14, used 28, burnt 14
                                            -> credits 32 AI
2027-04-11  show credits                    -> AI: granted 60, consumed 28, expired 0, clawed back 0
                                            ->    2027-04-02 PURCHASED 10 of 10 AI left
                                            ->    2027-04-03 MANUAL 11 of 11 AI left
                                            ->    2027-04-04 PROMOTIONAL 11 of 12 AI left until 2027-07-01
                                            ->    2027-04-05 PROMOTIONAL 0 of 13 AI left until 2027-06-01
                                            ->    2027-04-06 PROMOTIONAL 0 of 14 AI left
2027-04-12  use chat 12                     -> counted 12, used 40, burnt 12
                                            -> credits 20 AI
2027-04-12  show credits                    -> AI: granted 60, consumed 40, expired 0, clawed back 0
                                            ->    2027-04-02 PURCHASED 10 of 10 AI left
                                            ->    2027-04-03 MANUAL 10 of 11 AI left
                                            ->    2027-04-04 PROMOTIONAL 0 of 12 AI left until 2027-07-01
                                            ->    2027-04-05 PROMOTIONAL 0 of 13 AI left until 2027-06-01
                                            ->    2027-04-06 PROMOTIONAL 0 of 14 AI left
2027-04-13  use chat 11                     -> counted 11, used 51, burnt 11
                                            -> credits 9 AI
2027-04-13  show credits                    -> AI: granted 60, consumed 51, expired 0, clawed back 0
                                            ->    2027-04-02 PURCHASED 9 of 10 AI left
                                            ->    2027-04-03 MANUAL 0 of 11 AI left
                                            ->    2027-04-04 PROMOTIONAL 0 of 12 AI left until 2027-07-01
                                            ->    2027-04-05 PROMOTIONAL 0 of 13 AI left until 2027-06-01
                                            ->    2027-04-06 PROMOTIONAL 0 of 14 AI left
