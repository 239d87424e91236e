# A first invoice that is paid when it is past due starts the subscription then, with its full period.
plan pro 49.00 USD monthly in_advance
  feature calls

2027-01-10  subscribe pro  -> #1 SUBSCRIPTION 49.00 DUE
                           -> sub INCOMPLETE pro
2027-01-13  tick           -> #1 SUBSCRIPTION 49.00 PAST_DUE
2027-01-20  pay #1         -> #1 SUBSCRIPTION 49.00 PAID 2027-01-20..2027-02-20
                           -> sub ACTIVE pro 2027-01-20..2027-02-20
2027-01-20  check calls    -> allowed, used 0
2027-02-20  tick           -> #2 SUBSCRIPTION 49.00 DUE 2027-02-20..2027-03-20
                           -> sub ACTIVE pro 2027-02-20..2027-03-20
