# An event's key is for ever: the same again is the first receipt, other content a conflict, whatever it says; even
# when it could not be recorded any more.
plan pro 0.00 USD monthly in_advance
  feature calls per_unit 0.10

2027-04-01  subscribe pro                                      -> #1 SUBSCRIPTION 0.00 PAID 2027-04-01..2027-05-01
                                                               -> sub ACTIVE pro 2027-04-01..2027-05-01
2027-04-10  use calls 5 key one                                -> counted 5, used 5
2027-04-10  use calls 5 key one                                -> counted 5, used 5, duplicate
2027-04-10  use calls 6 key one                                -> refused: event_key_conflict
2027-04-10  use nothing 5 key two                              -> refused: feature_not_found
2027-04-10  use calls 5 at 2027-04-10T00:05:00.000001 key two  -> refused: validation_failed
2027-04-10  use calls 5 at 2027-04-10T00:05 key two            -> counted 5, used 10
2027-06-30  use calls 5 key one                                -> counted 5, used 5, duplicate
                                                               -> #2 SUBSCRIPTION 1.00 PAST_DUE 2027-05-01..2027-06-01
                                                               -> sub PAST_DUE pro 2027-05-01..2027-06-01
2027-06-30  use calls 5 at 2027-04-10T00:05 key two            -> counted 5, used 10, duplicate
2027-06-30  use calls 5 at 2027-04-10T00:05 key three          -> refused: validation_failed
