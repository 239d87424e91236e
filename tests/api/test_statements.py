"""Bank statements over HTTP: each entry once, what it may be, applied, undone, taken back."""

import asyncio
from typing import Any

import pytest
from tests.api import bank
from tests.api.bank import by_text, counts, credit, debit, do, imported, one_off, send
from tests.api.client import Api
from tests.api.shop import UNKNOWN, USER, Shop, digest, stop_clock, written
from tests.books import check_books
from tests.statements import render

from usance.actions import statements

IBAN = "DE02120300000000202051"


@pytest.fixture
async def shop(api: Api, monkeypatch: pytest.MonkeyPatch) -> Shop:
    stop_clock(monkeypatch)
    return await Shop.open(api)


async def threshold(shop: Shop, score: int | None) -> None:
    assert (await shop.api.patch("/settings", {"statementThreshold": score})).status == 200


async def stands(shop: Shop, invoice: Any) -> Any:
    now = await shop.invoice(invoice["id"])
    return now["status"], now["amountDue"]


@pytest.fixture(autouse=True)
async def _books_are_right(api: Api) -> Any:
    yield
    async with api.db.transaction() as tx:
        assert await check_books(tx) == []


# --- a statement, twice ---------------------------------------------------------------------------


async def test_a_file_imported_twice_is_each_payment_once(shop: Shop):
    """Exact, partial, joint, over- and foreign payments; the second time there is nothing new."""
    await threshold(shop, 80)
    exact = await one_off(shop, 100, "exact")
    partial = await one_off(shop, 100, "partial")
    joint = [await one_off(shop, amount, "joint") for amount in (60, 40)]
    over = await one_off(shop, 100, "over")
    foreign = await one_off(shop, 100, "foreign", currency="EUR")
    numbers = " and ".join(each["number"] for each in joint)
    booked = [
        credit(100, f"Invoice {exact['number']}"),
        credit(30, f"Part of {partial['number']}"),
        credit(100, numbers, payer_name="Joint Ltd"),
        credit(120, f"{over['number']} thanks"),
        credit(100, f"{foreign['number']} in dollars"),
        credit(77, "A gift"),
        debit(9, "Fees of the bank"),
    ]
    first = await imported(shop.api, booked)
    assert counts(first) == {"entries": 7, "applied": 2, "proposed": 3, "unmatched": 2}
    assert (first["format"], first["done"], first["notes"]) == ("camt.053", True, [])
    after = await digest(shop.api)
    second = await imported(shop.api, booked)
    assert counts(second) == {**counts(first), "known": 7}
    changed = {name for name, was in (await digest(shop.api)).items() if after[name] != was}
    assert changed == {"statements"}

    assert await stands(shop, exact) == ("PAID", 0)
    assert [await stands(shop, each) for each in joint] == [("PAID", 0)] * 2
    for waits in (partial, over, foreign):
        assert await stands(shop, waits) == ("DUE", 100)
    found = await bank.entries(shop.api)
    said = {text: (each["status"], each["amountOpen"]) for text, each in found.items()}
    assert said == {
        f"Invoice {exact['number']}": ("APPLIED", 0),
        f"Part of {partial['number']}": ("PROPOSED", 30),
        numbers: ("APPLIED", 0),
        f"{over['number']} thanks": ("PROPOSED", 120),
        f"{foreign['number']} in dollars": ("PROPOSED", 100),
        "A gift": ("UNMATCHED", 77),
        "Fees of the bank": ("UNMATCHED", 9),
    }
    # What is proposed is accepted without more words.
    for text in (f"Part of {partial['number']}", f"{over['number']} thanks"):
        done = await do(shop.api, found[text], "accept")
        assert (done.status, done.data["status"]) == (200, "APPLIED")
        assert "proposals" not in done.data  # nothing is compared while a customer is locked
    assert await stands(shop, partial) == ("DUE", 70)
    assert await stands(shop, over) == ("PAID", 0)
    assert await shop.balance(reference="over") == 20
    await do(shop.api, found[f"{foreign['number']} in dollars"], "accept")
    assert await stands(shop, foreign) == ("DUE", 100)  # no money is converted
    assert await shop.balance("USD", "foreign") == 100


async def test_what_is_proposed_says_why_and_how_sure_it_is(shop: Shop):
    invoice = await one_off(shop, 100, "acme")
    await imported(shop.api, [credit(100, f"No. {invoice['number']}", payer_name="ACME LTD")])
    (entry,) = (await bank.entries(shop.api)).values()
    (best,) = entry["proposals"]
    assert (best["score"], best["customerReferenceId"], best["rest"]) == (95, "acme", 0)
    assert best["parts"] == [
        {"invoiceId": invoice["id"], "invoiceNumber": invoice["number"], "amount": 100}
    ]
    reasons = [(each["reason"], each["points"]) for each in best["reasons"]]
    assert reasons == [("number", 50), ("amount", 30), ("payer_name", 15)]
    single = await shop.api.get(f"/payments/statements/entries/{entry['id']}")
    assert single.data == entry
    assert b'"amount":100.00' in single.raw
    done = await do(shop.api, entry, "accept", {"proposalId": best["id"]})
    (part,) = done.data["payments"]
    payment = (await shop.api.get(f"/payments/{part['paymentId']}")).data
    assert payment["method"] == "BANK_TRANSFER"
    assert payment["applications"] == [{"invoiceId": invoice["id"], "amount": 100}]
    assert payment["paidAt"] == written(await shop.now())  # booked later than now by this clock


async def test_what_was_shown_and_has_changed_is_not_applied(shop: Shop):
    invoice = await one_off(shop, 100)
    await imported(shop.api, [credit(100, invoice["number"])])
    entry = await by_text(shop, invoice["number"])
    shown = entry["proposals"][0]["id"]
    await shop.mark_paid(invoice["id"], {"amount": 1, "reference": "cash"})
    refused = await do(shop.api, entry, "accept", {"proposalId": shown})
    assert (refused.status, refused.error["code"]) == (409, "proposal_changed")
    now = (await by_text(shop, invoice["number"]))["proposals"][0]
    assert now["id"] != shown
    assert (await do(shop.api, entry, "accept", {"proposalId": now["id"]})).status == 200
    assert await shop.balance() == 1


async def test_two_that_are_equally_good_are_a_person_s_choice(shop: Shop):
    await threshold(shop, 50)
    a, b = await one_off(shop, 100, "a"), await one_off(shop, 100, "b")
    made = await imported(shop.api, [credit(100, "Thanks")])
    assert counts(made) == {"entries": 1, "proposed": 1}
    entry = await by_text(shop, "Thanks")
    refused = await do(shop.api, entry, "accept")
    assert (refused.status, refused.error["code"]) == (409, "no_proposal")
    of_b = next(each for each in entry["proposals"] if each["customerReferenceId"] == "b")
    assert (await do(shop.api, entry, "accept", {"proposalId": of_b["id"]})).status == 200
    assert [await stands(shop, each) for each in (a, b)] == [("DUE", 100), ("PAID", 0)]
    await imported(shop.api, [credit(5, "Nothing")])
    refused = await do(shop.api, await by_text(shop, "Nothing"), "accept")
    assert (refused.status, refused.error["code"]) == (409, "no_proposal")


async def test_nothing_is_applied_by_itself_unless_the_seller_says_from_which_score(shop: Shop):
    invoice = await one_off(shop, 100)
    booked = [credit(100, invoice["paymentReference"])]
    assert counts(await imported(shop.api, booked)) == {"entries": 1, "proposed": 1}
    await threshold(shop, 100)
    assert counts(await imported(shop.api, booked)) == {"entries": 1, "known": 1, "proposed": 1}
    await threshold(shop, 90)  # reference 60 + amount 30
    assert counts(await imported(shop.api, booked)) == {"entries": 1, "known": 1, "applied": 1}
    assert await stands(shop, invoice) == ("PAID", 0)
    for score in (49, 101, "80", 79.5):
        refused = await shop.api.patch("/settings", {"statementThreshold": score})
        assert (refused.status, refused.error["field"]) == (422, "statementThreshold")
    await threshold(shop, None)
    assert (await shop.api.get("/settings")).data["statementThreshold"] is None


async def test_two_payments_of_one_invoice_in_a_file_pay_it_once(shop: Shop):
    await threshold(shop, 80)
    invoice = await one_off(shop, 100)
    made = await imported(shop.api, [credit(100, f"{invoice['number']} {n}") for n in "ab"])
    assert counts(made) == {"entries": 2, "applied": 1, "unmatched": 1}
    assert await shop.balance() == 0
    again = await imported(shop.api, [credit(100, f"{invoice['number']} {n}") for n in "ab"])
    assert counts(again) == {"entries": 2, "known": 2, "applied": 1, "unmatched": 1}


async def test_a_first_invoice_that_a_statement_pays_starts_its_subscription(shop: Shop):
    await threshold(shop, 80)
    made = await shop.subscribe("pro_monthly")
    booked = [credit(49, made["invoice"]["paymentReference"])]
    answers = await asyncio.gather(*(send(shop.api, render.camt053(booked)) for _ in range(4)))
    assert {each.status for each in answers} == {201}
    assert sorted(each.data["known"] for each in answers) == [0, 1, 1, 1]
    assert {each.data["applied"] for each in answers} == {1}
    assert (await shop.subscription(made["subscription"]["id"]))["status"] == "ACTIVE"
    assert (await shop.pools())["AI_CREDITS"]["balance"] == 1000
    assert len((await shop.api.get("/payments")).data) == 1


async def test_an_import_applies_so_many_and_says_that_more_are_left(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(statements, "APPLIED_MAX", 2)
    await threshold(shop, 80)
    invoices = [await one_off(shop, 100, f"c{n}") for n in range(5)]
    booked = [credit(100, each["number"]) for each in invoices]
    done = []
    for _ in range(3):
        made = await imported(shop.api, booked)
        done.append((made["applied"], made["done"]))
    assert done == [(2, False), (4, False), (5, True)]


async def test_an_import_meets_customers_whose_steps_are_due(shop: Shop):
    await threshold(shop, 80)
    made = [await shop.started("pro_monthly", f"c{n}") for n in range(3)]
    await shop.advance("P31D")
    renewals = [(await shop.invoices(f"c{n}"))[0] for n in range(3)]
    await shop.api.post("/clock/advance", {"by": "P4D"})
    made_ = await imported(shop.api, [credit(49, each["number"]) for each in renewals])
    assert counts(made_) == {"entries": 3, "applied": 3}
    for each in made:
        assert (await shop.subscription(each["subscription"]["id"]))["isActive"] is True


# --- correcting, splitting, keeping ----------------------------------------------------------------


async def test_an_entry_is_split_over_customers_and_its_rest_stays_open(shop: Shop):
    a, b = await one_off(shop, 100, "a"), await one_off(shop, 50, "b")
    await imported(shop.api, [credit(500, "From a factoring house")])
    entry = await by_text(shop, "From a factoring house")
    parts = [
        {"customerReferenceId": "a", "invoiceId": a["id"], "amount": 100},
        {"customerReferenceId": "b", "invoiceId": b["id"], "amount": 20},
        {"customerReferenceId": "a", "amount": 80},
    ]
    done = await do(shop.api, entry, "accept", {"parts": parts})
    assert (done.data["amountOpen"], done.data["status"]) == (300, "OPEN")
    paid = {each["customerReferenceId"]: each["amount"] for each in done.data["payments"]}
    assert paid == {"a": 180, "b": 20}
    assert await stands(shop, a) == ("PAID", 0)
    assert await stands(shop, b) == ("DUE", 30)
    assert await shop.balance(reference="a") == 80
    more = {"customerReferenceId": "b", "invoiceId": b["id"], "amount": 30}
    again = await do(shop.api, entry, "accept", {"parts": [more]})
    assert (again.data["amountOpen"], len(again.data["payments"])) == (270, 3)
    refused = await do(shop.api, entry, "accept", {"parts": [{**more, "amount": "270.01"}]})
    assert (refused.status, refused.error["field"]) == (422, "parts")
    assert "270.00 USD is open" in refused.error["message"]


async def test_money_for_an_invoice_that_is_void_meanwhile_is_kept_and_says_so(shop: Shop):
    void, paid, less = [await one_off(shop, 100) for _ in range(3)]
    await imported(shop.api, [credit(300, "All three")])
    entry = await by_text(shop, "All three")
    await shop.api.post(f"/invoices/{void['id']}/void", {"reason": "Ours."})
    await shop.mark_paid(paid["id"])
    await shop.mark_paid(less["id"], {"amount": 99, "reference": "cash"})
    parts = [
        {"customerReferenceId": USER, "invoiceId": each["id"], "amount": 100}
        for each in (void, paid, less)
    ]
    done = await do(shop.api, entry, "accept", {"parts": parts})
    assert (done.status, done.data["amountOpen"]) == (200, 0)
    assert await shop.balance() == 100 + 100 + 99
    payment = (await shop.api.get(f"/payments/{done.data['payments'][0]['paymentId']}")).data
    assert payment["applications"] == [{"invoiceId": less["id"], "amount": 1}]
    assert payment["note"] == (
        f"{void['number']} is void: 100.00 USD went to the balance. "
        f"{paid['number']} was paid already: 100.00 USD went to the balance. "
        f"{less['number']} asked for less: 99.00 USD went to the balance."
    )


async def test_what_cannot_be_is_refused_and_leaves_nothing(shop: Shop):
    a = await one_off(shop, 100, "a")
    euro = await one_off(shop, 100, "a", currency="EUR")
    foreign = await one_off(shop, 100, "b")
    pending = await one_off(shop, 100, "a", isDraft=True)
    await imported(shop.api, [credit(500, "In"), debit(500, "Out")])
    into, out = await by_text(shop, "In"), await by_text(shop, "Out")
    before = await digest(shop.api)
    good = {"customerReferenceId": "a", "invoiceId": a["id"], "amount": 1}
    where = "parts[1]"
    for part, status, code, field in (
        ({"amount": 0}, 422, "validation_failed", f"{where}.amount"),
        ({"amount": "0.001"}, 422, "validation_failed", f"{where}.amount"),
        ({"amount": 1}, 422, "validation_failed", f"{where}.invoiceId"),
        ({"customerReferenceId": "x"}, 404, "customer_not_found", f"{where}.customerReferenceId"),
        ({"invoiceId": UNKNOWN}, 404, "invoice_not_found", f"{where}.invoiceId"),
        ({"invoiceId": foreign["id"]}, 404, "invoice_not_found", f"{where}.invoiceId"),
        ({"invoiceId": euro["id"]}, 422, "currency_mismatch", f"{where}.invoiceId"),
        ({"invoiceId": pending["id"]}, 409, "invoice_pending", f"{where}.invoiceId"),
        ({"invoiceId": None, "amount": 500}, 422, "validation_failed", "parts"),
    ):
        more = good if part == {"amount": 1} else {**good, "invoiceId": None, **part}
        refused = await do(shop.api, into, "accept", {"parts": [good, more]})
        said = (refused.status, refused.error["code"], refused.error.get("field"))
        assert said == (status, code, field), part
    bad: list[tuple[Any, Any, str]] = [
        (into, {"parts": []}, "parts"),
        (into, {"parts": [good] * 101}, "parts"),
        (into, {"parts": [good], "proposalId": "x"}, "proposalId"),
        (into, {"paymentId": UNKNOWN, "proposalId": "x"}, "paymentId"),
        (into, {"paymentId": UNKNOWN}, "paymentId"),
        (out, {"parts": [good]}, "parts"),
    ]
    for entry, body, field in bad:
        refused = await do(shop.api, entry, "accept", body)
        assert (refused.status, refused.error["field"]) == (422, field), body
    for what, note in (("accept", None), ("undo", None), ("ignore", {"note": "x"})):
        unknown = await do(shop.api, {"id": UNKNOWN}, what, note)
        assert (unknown.status, unknown.error["code"]) == (404, "entry_not_found")
    unknown = await shop.api.get(f"/payments/statements/{UNKNOWN}")
    assert (unknown.status, unknown.error["code"]) == (404, "statement_not_found")
    assert await digest(shop.api) == before


async def test_many_who_accept_one_entry_at_once_make_one_payment(shop: Shop):
    a, b = await one_off(shop, 100, "a"), await one_off(shop, 100, "b")
    await imported(shop.api, [credit(100, a["number"])])
    entry = await by_text(shop, a["number"])
    bodies: list[Any] = [None, None]
    bodies += [
        {"parts": [{"customerReferenceId": who, "invoiceId": each["id"], "amount": 100}]}
        for who, each in (("a", a), ("b", b), ("a", a), ("b", b))
    ]
    answers = await asyncio.gather(*(do(shop.api, entry, "accept", body) for body in bodies))
    assert sorted(each.status for each in answers) == [200] + [409] * 5
    assert len((await shop.api.get("/payments")).data) == 1
    assert (await by_text(shop, a["number"]))["amountOpen"] == 0


async def test_a_key_makes_an_import_and_an_acceptance_the_same_ones(shop: Shop):
    invoice = await one_off(shop, 100)
    file = render.camt053([credit(100, invoice["number"])])
    first, again = [await send(shop.api, file, key="k") for _ in range(2)]
    assert (again.status, again.raw) == (201, first.raw)
    assert again.headers["idempotent-replayed"] == "true"
    other = await send(shop.api, file + b" ", key="k")
    assert (other.status, other.error["code"]) == (409, "idempotency_conflict")
    entry = await by_text(shop, invoice["number"])
    accepted = [await do(shop.api, entry, "accept", key="a") for _ in range(2)]
    assert [each.status for each in accepted] == [200, 200]
    assert accepted[0].raw == accepted[1].raw


# --- undoing, ignoring, taking back ----------------------------------------------------------------


async def test_undoing_opens_the_entry_and_the_invoice_and_it_is_accepted_anew(shop: Shop):
    await threshold(shop, 80)
    invoice = await one_off(shop, 100)
    booked = [credit(100, invoice["number"])]
    await imported(shop.api, booked)
    entry = await by_text(shop, invoice["number"])
    undone = await do(shop.api, entry, "undo")
    assert (undone.data["status"], undone.data["amountOpen"]) == ("OPEN", 100)
    (part,) = undone.data["payments"]
    assert part["reversedAt"] == part["undoneAt"] == written(await shop.now())
    assert await stands(shop, invoice) == ("DUE", 100)
    assert (await do(shop.api, entry, "undo")).data == undone.data  # again: nothing
    # What a person has undone is not applied by itself again.
    assert counts(await imported(shop.api, booked))["proposed"] == 1
    other = await one_off(shop, 100, "other")
    parts = [{"customerReferenceId": "other", "invoiceId": other["id"], "amount": 100}]
    done = await do(shop.api, entry, "accept", {"parts": parts})
    assert (done.status, done.data["status"]) == (200, "APPLIED")
    assert {each["customerReferenceId"] for each in done.data["payments"]} == {USER, "other"}
    assert await stands(shop, other) == ("PAID", 0)


async def test_undoing_two_payments_of_one_customer_reverses_both(shop: Shop):
    a, b = await one_off(shop, 100), await one_off(shop, 50)
    await imported(shop.api, [credit(150, "Both")])
    entry = await by_text(shop, "Both")
    for invoice, amount in ((a, 100), (b, 50)):
        part = {"customerReferenceId": USER, "invoiceId": invoice["id"], "amount": amount}
        assert (await do(shop.api, entry, "accept", {"parts": [part]})).status == 200
    answers = await asyncio.gather(*(do(shop.api, entry, "undo") for _ in range(3)))
    assert [each.status for each in answers] == [200] * 3
    assert (await by_text(shop, "Both"))["amountOpen"] == 150
    assert [await stands(shop, each) for each in (a, b)] == [("DUE", 100), ("DUE", 50)]


async def test_a_payment_reversed_by_hand_can_still_be_undone(shop: Shop):
    invoice = await one_off(shop, 100)
    await imported(shop.api, [credit(100, invoice["number"])])
    entry = await by_text(shop, invoice["number"])
    (part,) = (await do(shop.api, entry, "accept")).data["payments"]
    await shop.api.post(f"/payments/{part['paymentId']}/reverse")
    assert (await by_text(shop, invoice["number"]))["amountOpen"] == 0  # it may have bounced
    assert (await do(shop.api, entry, "undo")).data["amountOpen"] == 100


async def test_what_is_no_customers_money_is_set_aside_with_a_note(shop: Shop):
    await imported(shop.api, [credit(5, "Interest")])
    entry = await by_text(shop, "Interest")
    ignored = await do(shop.api, entry, "ignore", {"note": "The bank's interest"})
    assert (ignored.data["status"], ignored.data["ignoredNote"]) == (
        "IGNORED",
        "The bank's interest",
    )
    assert (await do(shop.api, entry, "ignore", {"note": "The bank's interest"})).data == (
        ignored.data
    )
    await shop.customer()
    parts = [{"customerReferenceId": USER, "amount": 5}]
    for body in ({"parts": parts}, None):
        refused = await do(shop.api, entry, "accept", body)
        assert (refused.status, refused.error["code"]) == (409, "entry_settled")
    assert (await do(shop.api, entry, "undo")).data["status"] == "OPEN"
    assert (await do(shop.api, entry, "accept", {"parts": parts})).data["status"] == "APPLIED"
    refused = await do(shop.api, entry, "ignore", {"note": "Too late"})
    assert (refused.status, refused.error["code"]) == (409, "entry_settled")


async def test_a_debit_that_takes_a_payment_back_reverses_it_once(shop: Shop):
    invoice = await one_off(shop, 100)
    paid = credit(100, invoice["number"], end_to_end_id="E2E-1", payer_account=IBAN)
    back = debit(100, "Retoure", end_to_end_id="E2E-1", payer_account=IBAN, reversal=True)
    await imported(shop.api, [paid])
    entry = await by_text(shop, invoice["number"])
    (part,) = (await do(shop.api, entry, "accept")).data["payments"]
    assert counts(await imported(shop.api, [paid, back])) == {
        "entries": 2,
        "known": 1,
        "applied": 1,
        "proposed": 1,
    }
    out = await by_text(shop, "Retoure")
    (best,) = out["proposals"]
    assert (best["score"], best["paymentId"], best["parts"]) == (100, part["paymentId"], [])
    assert [each["reason"] for each in best["reasons"]] == [
        "end_to_end_id",
        "amount",
        "payer_account",
    ]
    done = await do(shop.api, out, "accept")
    assert (done.data["status"], done.data["takesBackPaymentId"]) == (
        "APPLIED",
        part["paymentId"],
    )
    assert await stands(shop, invoice) == ("DUE", 100)
    payment = (await shop.api.get(f"/payments/{part['paymentId']}")).data
    assert payment["reversalReason"] == "Taken back by the bank on 2027-01-05: B-Retoure"
    # The money is gone from the bank: the entry by which it came is not open again, undone or not.
    for _ in range(2):
        assert (await by_text(shop, invoice["number"]))["amountOpen"] == 0
        assert (await do(shop.api, entry, "undo")).data["amountOpen"] == 0
    refused = await do(shop.api, out, "undo")
    assert (refused.status, refused.error["code"]) == (409, "not_reversible")
    refused = await do(shop.api, out, "accept")
    assert (refused.status, refused.error["code"]) == (409, "entry_settled")


async def test_a_debit_takes_back_only_what_it_can(shop: Shop):
    await shop.customer()
    body = {"customerReferenceId": USER, "amount": 100, "currency": "USD"}
    usd = (await shop.api.post("/payments", body)).data["id"]
    eur = (await shop.api.post("/payments", {**body, "currency": "EUR"})).data["id"]
    gone = (await shop.api.post("/payments", body)).data["id"]
    await shop.api.post(f"/payments/{gone}/reverse")
    booked = [debit("99.99", "Less"), debit(103, "With a fee"), debit(100, "Just it")]
    await imported(shop.api, booked)
    less, fee, just = [await by_text(shop, one.text) for one in booked]
    for entry, payment, status, code in (
        (less, usd, 422, "validation_failed"),
        (fee, usd, 422, "validation_failed"),  # three of it would be nobody's
        (fee, eur, 422, "currency_mismatch"),
        (just, gone, 409, "already_reversed"),
        (just, UNKNOWN, 404, "payment_not_found"),
    ):
        refused = await do(shop.api, entry, "accept", {"paymentId": payment})
        assert (refused.status, refused.error["code"]) == (status, code)
        if code == "validation_failed":
            assert refused.error["field"] == "paymentId"
            both = f"100.00 USD was paid, and {entry['amountOpen']} goes out."
            assert both in refused.error["message"]
    done = await do(shop.api, just, "accept", {"paymentId": usd})
    assert done.data["status"] == "APPLIED"
    assert await shop.balance() == 0


async def test_a_payment_of_another_amount_is_shown_and_never_taken_back_by_itself(shop: Shop):
    """The end-to-end id says which it is; the bank's fee in the debit would be nobody's."""
    invoice = await one_off(shop, 100)
    paid = credit(100, invoice["number"], end_to_end_id="E2E-1")
    back = debit(103, "Retoure", end_to_end_id="E2E-1", reversal=True)
    await imported(shop.api, [paid])
    await do(shop.api, await by_text(shop, invoice["number"]), "accept")
    await imported(shop.api, [back])
    entry = await by_text(shop, "Retoure")
    (best,) = entry["proposals"]
    assert [each["reason"] for each in best["reasons"]] == ["end_to_end_id", "other_amount"]
    refused = await do(shop.api, entry, "accept")
    assert (refused.status, refused.error["code"]) == (409, "no_proposal")
    refused = await do(shop.api, entry, "accept", {"proposalId": best["id"]})
    assert (refused.status, refused.error["field"]) == (422, "proposalId")
    assert "100.00 USD was paid, and 103.00 goes out." in refused.error["message"]
    assert await stands(shop, invoice) == ("PAID", 0)


# --- lists -----------------------------------------------------------------------------------------


async def test_entries_are_listed_by_how_they_stand_in_one_order(shop: Shop):
    invoice = await one_off(shop, 100)
    texts = [f"Gift {n}" for n in range(5)]
    booked = [credit(1, text) for text in texts] + [credit(100, invoice["number"])]
    made = await imported(shop.api, booked)
    await shop.advance("PT1S")
    later = await imported(shop.api, [credit(2, "Later")])
    await do(shop.api, await by_text(shop, "Gift 0"), "ignore", {"note": "x"})
    path = "/payments/statements/entries"
    whole = (await shop.api.get(path)).data
    for status, count in (("UNMATCHED", 5), ("PROPOSED", 1), ("IGNORED", 1), ("APPLIED", 0)):
        found = await shop.api.get(f"{path}?status={status}&limit=2&offset=1")
        assert found.body["pagination"]["total"] == count
        assert found.data == [each for each in whole if each["status"] == status][1:3]
    await do(shop.api, await by_text(shop, invoice["number"]), "accept")
    assert (await shop.api.get(f"{path}?status=APPLIED")).body["pagination"]["total"] == 1
    of_first = await shop.api.get(f"{path}?statementId={made['id']}&status=UNMATCHED")
    assert of_first.body["pagination"]["total"] == 4
    listed = await shop.api.get("/payments/statements")
    assert [each["id"] for each in listed.data] == [later["id"], made["id"]]
    assert "notes" not in listed.data[0]
    one = (await shop.api.get(f"/payments/statements/{made['id']}")).data
    assert one == made
