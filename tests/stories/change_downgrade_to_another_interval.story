# Between months and years a downgrade re-anchors at the boundary and keeps the day of the month: bought on
# Jan 31, the year begins on Feb 28, 2027, and ends on Feb 29, 2028: the 31st cut to the month's end.
# To a plan by the week the boundary is the new anchor.
plan monthly 30.00 USD monthly in_advance
plan annual 20.00 USD yearly in_advance
plan weekly 5.00 USD weekly in_advance

2027-01-31  subscribe monthly  -> #1 SUBSCRIPTION 30.00 DUE
                               -> sub INCOMPLETE monthly
2027-01-31  pay #1             -> #1 SUBSCRIPTION 30.00 PAID 2027-01-31..2027-02-28
                               -> sub ACTIVE monthly 2027-01-31..2027-02-28
2027-02-01  downgrade annual   -> sub ACTIVE monthly 2027-01-31..2027-02-28 then annual
2027-02-28  tick               -> #2 SUBSCRIPTION 20.00 DUE 2027-02-28..2028-02-29
                               -> sub ACTIVE annual 2027-02-28..2028-02-29
2027-02-28  pay #2             -> #2 SUBSCRIPTION 20.00 PAID 2027-02-28..2028-02-29
2027-03-01  downgrade weekly   -> sub ACTIVE annual 2027-02-28..2028-02-29 then weekly
2028-02-29  tick               -> #3 SUBSCRIPTION 5.00 DUE 2028-02-29..2028-03-07
                               -> sub ACTIVE weekly 2028-02-29..2028-03-07
2028-02-29  pay #3             -> #3 SUBSCRIPTION 5.00 PAID 2028-02-29..2028-03-07
2028-03-07  tick               -> #4 SUBSCRIPTION 5.00 DUE 2028-03-07..2028-03-14
                               -> sub ACTIVE weekly 2028-03-07..2028-03-14
