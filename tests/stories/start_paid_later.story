# The first period begins with the payment that completes the first invoice: nobody pays for days without
# access. Before it there is no access, no credit, and what is used is not charged.
plan pro 49.00 USD monthly in_advance
  feature calls per_unit 0.02 burns AI
  credits AI 1000

2027-01-10        subscribe pro              -> #1 SUBSCRIPTION 49.00 DUE
                                             -> sub INCOMPLETE pro
2027-01-11        check calls                -> denied subscription_inactive, used 0
2027-01-11        use calls 7                -> not counted: before_activation
2027-01-11        pay #1 20.00               -> #1 SUBSCRIPTION 49.00 DUE (20.00 paid)
2027-01-12T10:30  pay #1 29.00               -> #1 SUBSCRIPTION 49.00 PAID 2027-01-12T10:30..2027-02-12T10:30
                                             -> sub ACTIVE pro 2027-01-12T10:30..2027-02-12T10:30
                                             -> credits 1000 AI
2027-01-12T10:30  check calls 3              -> allowed, used 0, would be 3, would burn 3
2027-01-12T10:30  use calls 3 at 2027-01-12  -> not counted: before_activation
2027-01-12T10:30  use calls 3                -> counted 3, used 3, burnt 3
                                             -> credits 997 AI
2027-02-12T10:30  tick                       -> #2 SUBSCRIPTION 49.00 DUE 2027-02-12T10:30..2027-03-12T10:30
                                             -> sub ACTIVE pro 2027-02-12T10:30..2027-03-12T10:30
