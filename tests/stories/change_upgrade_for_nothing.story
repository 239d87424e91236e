# Equal price, ten of thirty days left: unused 10.00 − round(6.667) = 3.33, B round(3.333) = 3.33. The net
# of 0.00 is an invoice that is PAID.
plan old 10.00 USD monthly in_advance
  feature calls
plan new 10.00 USD monthly in_advance
  feature calls
  feature chat

2027-04-01  subscribe old  -> #1 SUBSCRIPTION 10.00 DUE
                           -> sub INCOMPLETE old
2027-04-01  pay #1         -> #1 SUBSCRIPTION 10.00 PAID 2027-04-01..2027-05-01
                           -> sub ACTIVE old 2027-04-01..2027-05-01
2027-04-21  check chat     -> denied feature_not_in_plan
2027-04-21  upgrade new    -> #2 ADJUSTMENT 0.00 PAID 2027-04-21..2027-05-01
                           -> sub ACTIVE new 2027-04-01..2027-05-01
2027-04-21  check chat     -> allowed, used 0
2027-05-01  tick           -> #3 SUBSCRIPTION 10.00 DUE 2027-05-01..2027-06-01
                           -> sub ACTIVE new 2027-05-01..2027-06-01
