# A credit note first closes what is open on its subscription's invoices, the oldest first; the rest is
# balance. #2, the renewal of May 1, is unpaid when the plan changes on May 11 to one by the day: unused
# 90.00 − round(90.00 × 10/31 = 29.032) = 60.97; a day costs 1.00; the net of −59.97 goes onto #2, which
# asks for 30.03 more.
plan pro 90.00 USD monthly in_advance grace 30
plan daily 1.00 USD daily in_advance

2027-04-01  subscribe pro  -> #1 SUBSCRIPTION 90.00 DUE
                           -> sub INCOMPLETE pro
2027-04-01  pay #1         -> #1 SUBSCRIPTION 90.00 PAID 2027-04-01..2027-05-01
                           -> sub ACTIVE pro 2027-04-01..2027-05-01
2027-05-01  tick           -> #2 SUBSCRIPTION 90.00 DUE 2027-05-01..2027-06-01
                           -> sub ACTIVE pro 2027-05-01..2027-06-01
2027-05-11  upgrade daily  -> credit note 59.97, 59.97 of it on open invoices
                           -> #2 SUBSCRIPTION 90.00 DUE (59.97 paid) 2027-05-01..2027-06-01
                           -> sub ACTIVE daily 2027-05-11..2027-05-12
2027-05-11  pay #2         -> #2 SUBSCRIPTION 90.00 PAID 2027-05-01..2027-06-01
2027-05-12  tick           -> #3 SUBSCRIPTION 1.00 DUE 2027-05-12..2027-05-13
                           -> sub ACTIVE daily 2027-05-12..2027-05-13
