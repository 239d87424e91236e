# With the setting a subscription that stays past due for ten days ends, as if cancelled at once: past due from May 4, over
# on May 14. The renewal is void, what was used is owed: 100 × 0.02 = 2.00.
account cancel_after 10
plan pro 49.00 USD monthly in_advance
  feature calls per_unit 0.02

2027-04-01                  subscribe pro  -> #1 SUBSCRIPTION 49.00 DUE
                                           -> sub INCOMPLETE pro
2027-04-01                  pay #1         -> #1 SUBSCRIPTION 49.00 PAID 2027-04-01..2027-05-01
                                           -> sub ACTIVE pro 2027-04-01..2027-05-01
2027-05-02                  use calls 100  -> counted 100, used 100
                                           -> #2 SUBSCRIPTION 49.00 DUE 2027-05-01..2027-06-01
                                           -> sub ACTIVE pro 2027-05-01..2027-06-01
2027-05-13T23:59:59.999999  tick           -> #2 SUBSCRIPTION 49.00 PAST_DUE 2027-05-01..2027-06-01
                                           -> sub PAST_DUE pro 2027-05-01..2027-06-01
2027-05-14                  tick           -> #2 SUBSCRIPTION 49.00 VOID 2027-05-01..2027-06-01
                                           -> #3 FINAL 2.00 DUE 2027-05-01..2027-05-14
                                           -> sub CANCELLED pro 2027-05-01..2027-05-14
