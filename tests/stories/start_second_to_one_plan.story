# One open subscription to a plan is enough: a second is refused, a pending change to it counts too.
# Another plan is another subscription; when the first is over the plan can be taken again. Cancelled
# after 2 of 31 days: 49.00 − round(49.00 × 2/31 = 3.161) = 45.84 on the balance, of which 10.00 pay the
# open invoice of the other subscription, and the remaining 35.84 go onto the next one.
plan basic 10.00 USD monthly in_advance
plan pro 49.00 USD monthly in_advance

2027-01-10  subscribe pro         -> #1 SUBSCRIPTION 49.00 DUE
                                  -> sub INCOMPLETE pro
2027-01-10  subscribe pro         -> refused: already_subscribed
2027-01-10  pay #1                -> #1 SUBSCRIPTION 49.00 PAID 2027-01-10..2027-02-10
                                  -> sub ACTIVE pro 2027-01-10..2027-02-10
2027-01-11  sub: downgrade basic  -> sub ACTIVE pro 2027-01-10..2027-02-10 then basic
2027-01-11  subscribe basic       -> refused: already_subscribed
2027-01-12  sub: undo change      -> sub ACTIVE pro 2027-01-10..2027-02-10
2027-01-12  subscribe basic       -> #2 SUBSCRIPTION 10.00 DUE
                                  -> sub2 INCOMPLETE basic
2027-01-12  sub: downgrade basic  -> refused: already_subscribed
2027-01-12  sub: cancel now       -> credit note 45.84
                                  -> #2 SUBSCRIPTION 10.00 PAID 2027-01-12..2027-02-12
                                  -> sub CANCELLED pro 2027-01-10..2027-01-12
                                  -> sub2 ACTIVE basic 2027-01-12..2027-02-12
                                  -> balance 35.84 USD
2027-01-12  subscribe pro         -> #3 SUBSCRIPTION 49.00 DUE (35.84 paid)
                                  -> sub3 INCOMPLETE pro
                                  -> balance 0.00 USD
