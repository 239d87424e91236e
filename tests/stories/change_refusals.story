# What cannot be changed: a plan that nobody sells, a plan in another currency, the plan one is on, an upgrade
# to a cheaper plan, a subscription that is not active.
plan a 30.00 USD monthly in_advance
plan b 100.00 USD monthly in_advance
plan cheap 10.00 USD monthly in_advance
plan euro 100.00 EUR monthly in_advance

2027-04-01  subscribe a      -> #1 SUBSCRIPTION 30.00 DUE
                             -> sub INCOMPLETE a
2027-04-01  upgrade b        -> refused: subscription_not_active
2027-04-01  pay #1           -> #1 SUBSCRIPTION 30.00 PAID 2027-04-01..2027-05-01
                             -> sub ACTIVE a 2027-04-01..2027-05-01
2027-04-02  upgrade nowhere  -> refused: plan_not_found
2027-04-02  upgrade euro     -> refused: currency_mismatch
2027-04-02  downgrade euro   -> refused: currency_mismatch
2027-04-02  upgrade a        -> refused: same_plan
2027-04-02  downgrade a      -> refused: same_plan
2027-04-02  upgrade cheap    -> refused: not_an_upgrade
2027-05-04  upgrade b        -> refused: subscription_not_active
                             -> #2 SUBSCRIPTION 30.00 PAST_DUE 2027-05-01..2027-06-01
                             -> sub PAST_DUE a 2027-05-01..2027-06-01
2027-05-05  cancel now       -> #2 SUBSCRIPTION 30.00 VOID 2027-05-01..2027-06-01
                             -> sub CANCELLED a 2027-05-01..2027-05-05
2027-05-05  upgrade b        -> refused: subscription_not_active
