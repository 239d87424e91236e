# Of what comes beyond a blocking limit the fact is kept and not billed: of 6 units 2 fit; a higher limit later
# does not bill the rest. A limit that allows goes on: 12 of 10. April: 10 × 0.10 and 12 × 0.10 = 2.20.
plan a 0.00 USD monthly in_advance
  feature hard per_unit 0.10 limit 10 block
  feature open per_unit 0.10 limit 10 allow
plan b 0.00 USD monthly in_advance
  feature hard per_unit 0.10 limit 100 block
  feature open per_unit 0.10 limit 100 allow

2027-04-01  subscribe a     -> #1 SUBSCRIPTION 0.00 PAID 2027-04-01..2027-05-01
                            -> sub ACTIVE a 2027-04-01..2027-05-01
2027-04-10  use hard 8      -> counted 8, used 8/10
2027-04-10  check hard 2    -> allowed, used 8/10, would be 10
2027-04-10  check hard 2.1  -> denied usage_limit_reached, used 8/10, would be 10.1, 0.1 over
2027-04-10  use hard 6      -> counted 2, used 10/10, limit exceeded
2027-04-10  check hard 0    -> allowed, used 10/10, would be 10
2027-04-10  use open 12     -> counted 12, used 12/10
2027-04-10  check open 3    -> allowed, used 12/10, would be 15, 5 over
2027-04-11  upgrade b       -> #2 ADJUSTMENT 0.00 PAID 2027-04-11..2027-05-01
                            -> sub ACTIVE b 2027-04-01..2027-05-01
2027-04-11  check hard      -> allowed, used 10/100
2027-05-01  tick            -> #3 SUBSCRIPTION 2.20 DUE 2027-05-01..2027-06-01
                            -> sub ACTIVE b 2027-05-01..2027-06-01
2027-05-01  show #3         -> #3 SUBSCRIPTION 2.20 DUE 2027-05-01..2027-06-01
                            ->    BASE b = 0.00
                            ->    USAGE hard (a) 10 x 0.1 = 1.00 for 2027-04-01..2027-04-11
                            ->    USAGE open (a) 12 x 0.1 = 1.20 for 2027-04-01..2027-04-11
