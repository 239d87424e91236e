"""Plans over HTTP: what is on sale, to whom, in which shape, and the versions that stay."""

from decimal import Decimal

from tests.api.catalogue_documents import DEMO, document, plan
from tests.api.client import Api

PLAN_FIELDS = {
    "id",
    "key",
    "name",
    "description",
    "priceAmount",
    "currency",
    "interval",
    "intervalCount",
    "intervalMonths",
    "billingTiming",
    "version",
    "metadata",
}
FEATURE_FIELDS = {"id", "key", "name", "description", "pricingType", "pricing", "limit"}
ALLOCATION_FIELDS = {
    "denomination",
    "amount",
    "hardLimit",
    "rolloverPolicy",
    "rolloverCap",
    "expiresAfterMonths",
}


async def apply(api: Api, sent: object):
    answer = await api.post("/catalog/apply", sent)
    assert answer.status == 200, answer.body
    return answer.data


async def test_the_demo_is_listed_in_its_order_and_shape(api: Api):
    await apply(api, DEMO)
    answer = await api.get("/plans")
    assert [each["plan"]["key"] for each in answer.data] == [
        "free",
        "starter_monthly",
        "pro_monthly",
        "enterprise_monthly",
        "payg_monthly",
    ]
    assert answer.body["pagination"] == {"total": 5, "limit": 50, "offset": 0, "hasMore": False}
    for each in answer.data:
        assert set(each) == {"plan", "features", "creditAllocations"}
        assert set(each["plan"]) == PLAN_FIELDS
        assert all(set(feature) == FEATURE_FIELDS for feature in each["features"])
        assert all(set(grant) == ALLOCATION_FIELDS for grant in each["creditAllocations"])


async def test_a_plan_says_all_that_it_gives(api: Api):
    await apply(api, DEMO)
    (pro,) = (await api.get("/plans?key=pro_monthly")).data
    assert {name: pro["plan"][name] for name in PLAN_FIELDS - {"id"}} == {
        "key": "pro_monthly",
        "name": "Pro",
        "description": "For growing teams",
        "priceAmount": Decimal("49.00"),
        "currency": "USD",
        "interval": "MONTH",
        "intervalCount": 1,
        "intervalMonths": 1,
        "billingTiming": "IN_ADVANCE",
        "version": 1,
        "metadata": {"badge": "Most popular"},
    }
    features = {each["key"]: each for each in pro["features"]}
    assert features["ai_chat"]["pricingType"] == "CREDITS"
    assert features["ai_chat"]["limit"] == {"units": 2_000_000, "overage": "BLOCK"}
    assert features["ai_chat"]["pricing"]["credits"]["denomination"] == "AI_CREDITS"
    assert features["api_calls"]["pricingType"] == "GRADUATED"
    assert features["api_calls"]["limit"] is None
    assert features["api_calls"]["pricing"]["tiers"] == [
        {"upTo": 10000, "unitPrice": Decimal("0.001"), "flatFee": Decimal("0.00")},
        {"upTo": "inf", "unitPrice": Decimal("0.0005"), "flatFee": Decimal("0.00")},
    ]
    assert features["seats"]["pricingType"] == "INCLUDED"
    assert features["seats"]["pricing"] is None
    assert pro["creditAllocations"] == [
        {
            "denomination": "AI_CREDITS",
            "amount": 1000,
            "hardLimit": True,
            "rolloverPolicy": "CAPPED",
            "rolloverCap": 200,
            "expiresAfterMonths": None,
        }
    ]


async def test_a_price_after_credits_is_the_pricing_type(api: Api):
    await apply(api, DEMO)
    found = (await api.get("/plans/enterprise_monthly")).data["features"]
    pricing = {each["key"]: (each["pricingType"], each["pricing"]) for each in found}
    kind, chat = pricing["ai_chat"]
    assert (kind, chat["unitPrice"]) == ("PER_UNIT", Decimal("0.00001"))
    assert chat["credits"]["weight"] == Decimal("0.001")
    assert pricing["api_calls"][0] == "PACKAGE"


async def test_money_is_printed_at_the_scale_of_its_currency(api: Api):
    price = {"model": "package", "packageSize": 10, "packagePrice": "2", "minimum": 3}
    tiers = {"model": "volume", "tiers": [{"upTo": "inf", "unitPrice": 1, "flatFee": 4}]}
    await apply(
        api,
        document(
            plan(
                "usd",
                price={"amount": 49, "currency": "USD"},
                features=[{"key": "chat", "price": price}],
            ),
            plan("jpy", price={"amount": Decimal("500.0"), "currency": "JPY"}),
            plan(
                "kwd",
                price={"amount": "1.5", "currency": "KWD"},
                features=[{"key": "chat", "price": tiers}],
            ),
        ),
    )
    raw = (await api.get("/plans")).raw
    assert b'"priceAmount":49.00,' in raw
    assert b'"packagePrice":2.00,' in raw
    assert b'"packageSize":10,' in raw
    assert b'"minimum":3.00' in raw
    assert b'"priceAmount":500,' in raw
    assert b'"priceAmount":1.500,' in raw
    assert b'"unitPrice":1,"flatFee":4.000' in raw
    assert b'"amount":49.00,"currency":"USD"' in (await api.get("/catalog")).raw


async def test_an_interval_of_weeks_has_no_months(api: Api):
    await apply(
        api,
        document(
            plan("weekly", interval={"unit": "WEEK", "count": 2}),
            plan("yearly", interval={"unit": "YEAR", "count": 2}),
        ),
    )
    weekly = (await api.get("/plans/weekly")).data["plan"]
    assert (weekly["interval"], weekly["intervalCount"]) == ("WEEK", 2)
    assert weekly["intervalMonths"] is None
    yearly = (await api.get("/plans/yearly")).data["plan"]
    assert (yearly["interval"], yearly["intervalMonths"]) == ("YEAR", 24)


async def test_credits_granted_more_often_than_the_plan_is_paid_say_so(api: Api):
    grant = {"denomination": "C", "amount": 100, "every": "MONTH"}
    models = [{"denomination": "C", "name": "Credits", "hardLimit": False}]
    sent = document(plan(interval={"unit": "YEAR"}, credits=[grant]), creditModels=models)
    await apply(api, sent)
    ((allocation,),) = [each["creditAllocations"] for each in (await api.get("/plans")).data]
    assert (allocation["every"], allocation["hardLimit"]) == ("MONTH", False)


async def test_only_plans_on_sale_to_everyone_are_listed(api: Api):
    await apply(
        api,
        document(
            plan("sold"),
            plan("draft", status="DRAFT"),
            plan("gone", status="ARCHIVED"),
            plan("theirs", customerReferenceId="acme"),
        ),
    )
    answer = await api.get("/plans")
    assert [each["plan"]["key"] for each in answer.data] == ["sold"]
    assert answer.body["pagination"]["total"] == 1
    for key in ("draft", "gone", "theirs"):
        assert (await api.get(f"/plans?key={key}")).data == []


async def test_a_plan_by_itself_tells_its_status(api: Api):
    await apply(api, document(plan("sold"), plan("draft", status="DRAFT")))
    for key, status in (("sold", "ACTIVE"), ("draft", "DRAFT")):
        shown = (await api.get(f"/plans/{key}")).data["plan"]
        assert (shown["key"], shown["status"]) == (key, status)
        assert set(shown) == PLAN_FIELDS | {"status"}


async def test_a_plan_is_found_by_its_key_or_its_id(api: Api):
    await apply(api, document(plan("a.b:c")))
    by_key = await api.get("/plans/a.b:c")
    assert by_key.status == 200
    assert (await api.get("/plans/a%2Eb%3Ac")).raw == by_key.raw
    assert (await api.get(f"/plans/{by_key.data['plan']['id']}")).raw == by_key.raw
    assert (await api.get(f"/plans/{by_key.data['plan']['id'].upper()}")).raw == by_key.raw


async def test_a_key_that_looks_like_an_id_goes_before_the_id(api: Api):
    await apply(api, document(plan("one")))
    one = (await api.get("/plans/one")).data["plan"]["id"]
    await apply(api, document(plan(one)))
    assert (await api.get(f"/plans/{one}")).data["plan"]["key"] == one


async def test_an_unknown_plan_is_not_found(shared_api: Api):
    for name in ("nope", "a%2Fb", "..", "%2E%2E", "x" * 300, "%00", str(shared_api.account.id)):
        for path in (f"/plans/{name}", f"/plans/{name}/versions"):
            answer = await shared_api.get(path)
            if name == ".." and answer.error["code"] == "not_found":
                continue
            assert (answer.status, answer.error["code"]) == (404, "plan_not_found"), path


async def test_plans_are_paged(api: Api):
    await apply(api, document(*(plan(f"p{i}") for i in range(5))))
    first = await api.get("/plans?limit=2")
    last = await api.get("/plans?limit=2&offset=4")
    assert [each["plan"]["key"] for each in first.data + last.data] == ["p0", "p1", "p4"]
    assert first.body["pagination"] == {"total": 5, "limit": 2, "offset": 0, "hasMore": True}
    assert last.body["pagination"]["hasMore"] is False


async def test_a_version_never_changes(api: Api):
    await apply(api, document(plan(features=[{"key": "chat", "limit": {"units": 10}}])))
    first = (await api.get("/plans/pro/versions")).data
    dearer = {"amount": Decimal("59.00"), "currency": "USD"}
    await apply(api, document(plan(price=dearer, name="Professional")))
    second, again = (await api.get("/plans/pro/versions")).data
    assert again["terms"] == first[0]["terms"]
    assert again["publishedAt"] == first[0]["publishedAt"]
    assert (again["plan"]["version"], again["plan"]["priceAmount"]) == (1, Decimal("49.00"))
    assert (second["plan"]["version"], second["plan"]["priceAmount"]) == (2, Decimal("59.00"))
    assert (await api.get("/plans/pro")).data["plan"]["version"] == 2


async def test_versions_tell_all_and_who_is_on_them(api: Api):
    await apply(api, document(plan(price={"amount": 0, "currency": "USD"}, gracePeriodDays=5)))
    await api.post("/customers", {"customerReferenceId": "jane"})
    sold = await api.post("/subscriptions", {"customerReferenceId": "jane", "planKey": "pro"})
    assert sold.status == 201, sold.body
    await apply(api, document(plan(price={"amount": 1, "currency": "USD"})))
    newest, oldest = (await api.get("/plans/pro/versions")).data
    assert (newest["liveSubscriptions"], oldest["liveSubscriptions"]) == (0, 1)
    assert oldest["terms"]["gracePeriodDays"] == 5
    assert oldest["publishedAt"].endswith("Z")
    page = await api.get("/plans/pro/versions?limit=1&offset=1")
    assert page.data == [oldest]
    assert page.body["pagination"] == {"total": 2, "limit": 1, "offset": 1, "hasMore": False}


async def test_another_accounts_plans_are_not_seen(api: Api, other_api: Api):
    await apply(api, document(plan()))
    mine = (await api.get("/plans/pro")).data["plan"]["id"]
    assert (await other_api.get("/plans")).data == []
    for name in ("pro", mine):
        for path in (f"/plans/{name}", f"/plans/{name}/versions"):
            answer = await other_api.get(path)
            assert (answer.status, answer.error["code"]) == (404, "plan_not_found")
    # Both may use the same keys.
    await apply(other_api, document(plan(name="Theirs")))
    assert (await api.get("/plans/pro")).data["plan"]["name"] == "Pro"


async def test_plans_without_a_key_are_not_told(shared_api: Api):
    answer = await shared_api.client.get("http://test/api/v1/plans")
    assert answer.status_code == 401
