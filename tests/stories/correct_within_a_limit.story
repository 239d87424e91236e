# An event is corrected in the room that it had: of 50 units 20 were within the limit of 100, so taking 30 off changes
# nothing. Room that a correction leaves is for new events; what was cut off of others before is not billed.
plan pro 0.00 USD monthly in_advance
  feature calls per_unit 0.10 limit 100 block

2027-04-01  subscribe pro       -> #1 SUBSCRIPTION 0.00 PAID 2027-04-01..2027-05-01
                                -> sub ACTIVE pro 2027-04-01..2027-05-01
2027-04-10  use calls 80 key a  -> counted 80, used 80/100
2027-04-11  use calls 50 key b  -> counted 20, used 100/100, limit exceeded
2027-04-12  correct b 30        -> counted 0, used 100/100
2027-04-12  correct a 40        -> counted -40, used 60/100
2027-04-12  check calls 41      -> denied usage_limit_reached, used 60/100, would be 101, 1 over
2027-04-13  use calls 50        -> counted 40, used 100/100, limit exceeded
2027-04-14  correct b 20        -> counted -20, used 80/100
2027-05-01  tick                -> #2 SUBSCRIPTION 8.00 DUE 2027-05-01..2027-06-01
                                -> sub ACTIVE pro 2027-05-01..2027-06-01
