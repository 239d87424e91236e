# Credits first, uncovered units at the price: 100 credits at 2 a unit cover 50 units of 80; 30 × 0.10 = 3.00. A term
# with a price is never denied for lack of credits.
plan pro 10.00 USD monthly in_advance
  feature calls per_unit 0.10 burns AI 2
  credits AI 100

2027-04-01  subscribe pro   -> #1 SUBSCRIPTION 10.00 DUE
                            -> sub INCOMPLETE pro
2027-04-01  pay #1          -> #1 SUBSCRIPTION 10.00 PAID 2027-04-01..2027-05-01
                            -> sub ACTIVE pro 2027-04-01..2027-05-01
                            -> credits 100 AI
2027-04-10  check calls 80  -> allowed, used 0, would be 80, would burn 160
2027-04-10  use calls 80    -> counted 80, used 80, burnt 100, 60 credits short
                            -> credits 0 AI
2027-04-10  check calls     -> allowed, used 80
2027-05-01  tick            -> #2 SUBSCRIPTION 13.00 DUE 2027-05-01..2027-06-01
                            -> sub ACTIVE pro 2027-05-01..2027-06-01
2027-05-01  show #2         -> #2 SUBSCRIPTION 13.00 DUE 2027-05-01..2027-06-01
                            ->    BASE pro = 10.00
                            ->    USAGE calls (pro), 50 paid with credits 30 x 0.1 = 3.00 for 2027-04-01..2027-05-01
