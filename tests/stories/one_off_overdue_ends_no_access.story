# A one-off of 100.00 and a discount of 10.00 at 19 %: 90.00 + 17.10 = 107.10, due 14 days after it is issued and
# PAST_DUE 3 days of grace later, which ends nobody's access. Money without an invoice pays what is due first: #1
# has 47.60 to pay (40.00 + 19 %), so of 100.00 the other 52.40 go onto the one-off, which keeps 54.70 open. Given
# up it can still be paid.
account tax 19
plan pro 40.00 USD monthly in_advance grace 30
  feature calls per_unit 0.01

2027-03-01                  subscribe pro            -> #1 SUBSCRIPTION 47.60 DUE
                                                     -> sub INCOMPLETE pro
2027-03-01                  bill USD 100 -10 net 14  -> #2 ONE_OFF 107.10 DUE due 2027-03-15
2027-03-01                  show #2                  -> #2 ONE_OFF 107.10 DUE due 2027-03-15
                                                     ->    OTHER Work 1 x 100 = 100.00
                                                     ->    OTHER Work 1 x -10 = -10.00
                                                     ->    90.00 and 17.10 tax
2027-03-02                  receive 100 USD          -> #1 SUBSCRIPTION 47.60 PAID 2027-03-02..2027-04-02
                                                     -> #2 ONE_OFF 107.10 DUE (52.40 paid) due 2027-03-15
                                                     -> sub ACTIVE pro 2027-03-02..2027-04-02
2027-03-17T23:59:59.999999  tick                     -> nothing
2027-03-18                  tick                     -> #2 ONE_OFF 107.10 PAST_DUE (52.40 paid) due 2027-03-15
2027-03-18                  check calls              -> allowed, used 0
2027-03-19                  write_off #2             -> #2 ONE_OFF 107.10 UNCOLLECTIBLE (52.40 paid) due 2027-03-15
2027-03-19                  check calls              -> allowed, used 0
2027-03-20                  pay #2                   -> #2 ONE_OFF 107.10 PAID due 2027-03-15
