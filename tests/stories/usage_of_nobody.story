# An event that matches nothing is kept, and its receipt says why.
plan pro 0.00 USD monthly in_advance
  feature calls per_unit 0.10
plan other 0.00 USD monthly in_advance
  feature chat per_unit 0.10

2027-04-01  use calls 5                -> not counted: no_subscription
2027-04-01  check calls                -> denied no_subscription
2027-04-02  subscribe pro              -> #1 SUBSCRIPTION 0.00 PAID 2027-04-02..2027-05-02
                                       -> sub ACTIVE pro 2027-04-02..2027-05-02
2027-04-02  use calls 5 at 2027-04-01  -> not counted: before_activation
2027-04-02  use chat 5                 -> not counted: feature_not_in_plan
2027-04-02  check chat                 -> denied feature_not_in_plan
2027-04-02  check nothing              -> denied feature_not_found
2027-04-02  use nothing 5              -> refused: feature_not_found
2027-04-03  cancel now                 -> sub CANCELLED pro 2027-04-02..2027-04-03
2027-04-03  use calls 5                -> not counted: after_end
