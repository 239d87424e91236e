# In arrears a subscription is ACTIVE at once, with access and credits; its invoice is PENDING and shown as
# if its period closed now. April has 30 days: on the 11th 30.00 × 10/30 = 10.00 and 250 × 0.02 = 5.00.
# On May 1 it is due: 30.00 + 400 × 0.02 = 38.00. Credits are granted at each boundary, paid or not.
plan payg 30.00 USD monthly in_arrears
  feature calls per_unit 0.02
  feature chat burns AI
  credits AI 100 rollover full

2027-04-01  subscribe payg  -> #1 SUBSCRIPTION PENDING 2027-04-01..2027-05-01
                            -> sub ACTIVE payg 2027-04-01..2027-05-01
                            -> credits 100 AI
2027-04-01  check calls     -> allowed, used 0
2027-04-05  use calls 250   -> counted 250, used 250
2027-04-11  show #1         -> #1 SUBSCRIPTION 15.00 PENDING 2027-04-01..2027-05-01
                            ->    BASE payg = 10.00 for 2027-04-01..2027-04-11
                            ->    USAGE calls (payg) 250 x 0.02 = 5.00 for 2027-04-01..2027-04-11
2027-04-11  pay #1          -> refused: invoice_pending
2027-04-30  use calls 150   -> counted 150, used 400
2027-05-01  tick            -> #1 SUBSCRIPTION 38.00 DUE 2027-04-01..2027-05-01
                            -> #2 SUBSCRIPTION PENDING 2027-05-01..2027-06-01
                            -> sub ACTIVE payg 2027-05-01..2027-06-01
                            -> credits 200 AI
2027-05-01  show #1         -> #1 SUBSCRIPTION 38.00 DUE 2027-04-01..2027-05-01
                            ->    BASE payg = 30.00
                            ->    USAGE calls (payg) 400 x 0.02 = 8.00
2027-05-01  pay #1          -> #1 SUBSCRIPTION 38.00 PAID 2027-04-01..2027-05-01
2027-06-01  tick            -> #2 SUBSCRIPTION 30.00 DUE 2027-05-01..2027-06-01
                            -> #3 SUBSCRIPTION PENDING 2027-06-01..2027-07-01
                            -> sub ACTIVE payg 2027-06-01..2027-07-01
                            -> credits 300 AI
2027-06-01  show #2         -> #2 SUBSCRIPTION 30.00 DUE 2027-05-01..2027-06-01
                            ->    BASE payg = 30.00
