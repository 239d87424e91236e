"""Publishing a document: what is created, updated, versioned, activated, archived, or left alone."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.catalogues import DOCUMENTS

from usance.core.catalog import (
    EVERYTHING_ADDED,
    Aggregation,
    AggregationKind,
    Allocation,
    BillingTiming,
    Burn,
    Catalogue,
    CreditModel,
    FeatureTerms,
    Limit,
    Overage,
    PlanStatus,
    Rollover,
    Terms,
)
from usance.core.catalog_document import Document, FeatureEntry, PlanEntry, document_of
from usance.core.decisions.publish import Changes, Difference, Kind, differences, publish
from usance.core.periods import Interval, Unit
from usance.core.pricing import Graduated, PerUnit, Price, Tier
from usance.core.refusals import Code, Refusal

AT = datetime(2027, 1, 31, tzinfo=UTC)
LATER = datetime(2027, 2, 1, tzinfo=UTC)
SEED = UUID(int=7)
EMPTY = Catalogue((), (), ())
DRAFT, ACTIVE, ARCHIVED = PlanStatus

CHAT = FeatureTerms("chat", None, None, EVERYTHING_ADDED, None)
TERMS = Terms(
    price=Decimal("49.00"),
    currency="USD",
    interval=Interval(Unit.MONTH, 1),
    timing=BillingTiming.IN_ADVANCE,
    grace_days=None,
    net_terms_days=0,
    trial_days=0,
    features=(CHAT,),
    credits=(),
    metadata=(),
)
DEARER = replace(TERMS, price=Decimal("59.00"))
PRO = PlanEntry("pro", "Pro", "", ACTIVE, None, TERMS)


def document(*plans: PlanEntry) -> Document:
    features = (FeatureEntry("chat", "Chat", "", None),)
    return Document(features, (CreditModel("CREDITS", "Credits", hard_limit=True),), plans)


def applied(current: Catalogue, wanted: Document, *, prune: bool = False) -> Changes:
    return publish(current, wanted, prune=prune, at=AT, seed=SEED)


def account(*plans: PlanEntry) -> Catalogue:
    return applied(EMPTY, document(*plans)).catalogue


def test_what_is_new_is_created():
    changes = applied(EMPTY, document(PRO))

    assert [change.kinds for change in changes.features] == [(Kind.CREATED,)]
    assert [change.kinds for change in changes.credit_models] == [(Kind.CREATED,)]
    (pro,) = changes.plans
    assert pro.kinds == (Kind.CREATED,)
    assert pro.before is None
    assert pro.after.plan.status is ACTIVE
    version = pro.new_version
    assert version is pro.after.version
    assert (version.number, version.plan_key, version.plan_name) == (1, "pro", "Pro")
    assert version.plan_id == pro.after.plan.id
    assert version.terms == TERMS
    assert pro.differences == ()
    assert changes.features[0].after.enabled


def test_ids_are_derived_from_the_seed_and_differ_by_thing():
    once, again = applied(EMPTY, document(PRO)), applied(EMPTY, document(PRO))
    other = publish(EMPTY, document(PRO), prune=False, at=AT, seed=UUID(int=8))

    assert once == again
    assert once.plans[0].after.plan.id != other.plans[0].after.plan.id
    ids = {
        once.features[0].after.id,
        once.plans[0].after.plan.id,
        once.plans[0].after.version.id,
    }
    assert len(ids) == 3


@pytest.mark.parametrize(
    ("was", "wanted", "kinds", "number"),
    [
        # The same.
        (PRO, PRO, (), 1),
        # Names and whom it is for: in place.
        (PRO, replace(PRO, name="Professional"), (Kind.UPDATED,), 1),
        (PRO, replace(PRO, description="For teams"), (Kind.UPDATED,), 1),
        (PRO, replace(PRO, customer="user_456"), (Kind.UPDATED,), 1),
        # Terms: another version, of a draft and of an archived plan too.
        (PRO, replace(PRO, terms=DEARER), (Kind.VERSIONED,), 2),
        (PRO, replace(PRO, terms=DEARER, name="P"), (Kind.UPDATED, Kind.VERSIONED), 2),
        (
            replace(PRO, status=DRAFT),
            replace(PRO, status=DRAFT, terms=DEARER),
            (Kind.VERSIONED,),
            2,
        ),
        (
            replace(PRO, status=ARCHIVED),
            replace(PRO, status=ARCHIVED, terms=DEARER),
            (Kind.VERSIONED,),
            2,
        ),
        # Statuses.
        (replace(PRO, status=DRAFT), PRO, (Kind.ACTIVATED,), 1),
        (replace(PRO, status=DRAFT), replace(PRO, status=DRAFT), (), 1),
        (replace(PRO, status=DRAFT), replace(PRO, status=ARCHIVED), (Kind.ARCHIVED,), 1),
        (PRO, replace(PRO, status=ARCHIVED), (Kind.ARCHIVED,), 1),
        (replace(PRO, status=ARCHIVED), PRO, (Kind.ACTIVATED,), 1),
        (
            replace(PRO, status=ARCHIVED),
            replace(PRO, name="P", terms=DEARER),
            (Kind.UPDATED, Kind.VERSIONED, Kind.ACTIVATED),
            2,
        ),
    ],
)
def test_what_happens_to_a_plan_that_is_there(was, wanted, kinds, number):
    current = account(was)
    before = current.plans[0]

    changes = publish(current, document(wanted), prune=False, at=LATER, seed=SEED)

    (change,) = changes.plans
    assert change.kinds == kinds
    assert changes.is_empty is (kinds == ())
    assert change.before == before
    assert change.after.plan.id == before.plan.id
    assert change.after.plan.status is wanted.status
    assert change.after.version.number == number
    assert change.after.version.terms == wanted.terms
    assert change.after.version.plan_name == wanted.name
    assert change.after.version.plan_id == before.plan.id
    if number == 1:
        assert change.new_version is None
        assert change.after.version.id == before.version.id
        assert change.differences == ()
    else:
        assert change.new_version == change.after.version
        assert change.after.version.id != before.version.id
        assert change.differences == (
            Difference("price.amount", Decimal("49.00"), Decimal("59.00")),
        )


@pytest.mark.parametrize("status", [ACTIVE, ARCHIVED])
def test_a_plan_that_was_on_sale_cannot_become_a_draft(status):
    other = replace(PRO, key="other")
    wanted = document(other, replace(PRO, status=DRAFT))

    with pytest.raises(Refusal) as caught:
        applied(account(replace(PRO, status=status)), wanted)

    assert caught.value.code is Code.VALIDATION_FAILED
    assert caught.value.field == "plans[1].status"
    assert status.value in caught.value.message


def test_plans_that_the_document_does_not_name_are_left_alone():
    other = replace(PRO, key="other")

    changes = applied(account(PRO, other), document(PRO))

    assert changes.is_empty
    assert [change.after.plan.key for change in changes.plans] == ["pro"]
    assert changes.catalogue == account(PRO, other)


def test_pruning_archives_what_the_document_does_not_name():
    draft = replace(PRO, key="draft", status=DRAFT)
    gone = replace(PRO, key="gone", status=ARCHIVED)
    old = replace(PRO, key="old")
    current = account(draft, gone, old, PRO)

    changes = applied(current, document(PRO), prune=True)

    assert [(change.after.plan.key, change.kinds) for change in changes.plans] == [
        ("pro", ()),
        ("draft", (Kind.ARCHIVED,)),
        ("old", (Kind.ARCHIVED,)),
    ]
    assert all(change.new_version is None for change in changes.plans)
    assert [each.plan.key for each in changes.catalogue.plans] == ["draft", "gone", "old", "pro"]
    assert applied(changes.catalogue, document(PRO), prune=True).is_empty


@pytest.mark.parametrize(
    ("was", "wanted", "enabled", "kinds"),
    [
        (True, None, True, ()),
        (False, None, False, ()),  # switched off in an emergency: it stays off
        (False, True, True, (Kind.UPDATED,)),
        (True, False, False, (Kind.UPDATED,)),
        (False, False, False, ()),
    ],
)
def test_a_feature_is_switched_only_by_a_document_that_says_so(was, wanted, enabled, kinds):
    current = applied(EMPTY, Document((FeatureEntry("chat", "Chat", "", was),), (), ())).catalogue

    changes = applied(current, Document((FeatureEntry("chat", "Chat", "", wanted),), (), ()))

    assert changes.features[0].kinds == kinds
    assert changes.features[0].after.enabled is enabled
    assert changes.features[0].after.id == current.features[0].id


def test_features_and_credit_models_are_updated_in_place_and_never_removed():
    current = account(PRO)
    wanted = Document(
        (FeatureEntry("chat", "Talk", "", None),),
        (CreditModel("CREDITS", "Credits", hard_limit=False),),
        (),
    )

    changes = applied(current, wanted)

    assert changes.features[0].kinds == (Kind.UPDATED,)
    assert changes.credit_models[0].kinds == (Kind.UPDATED,)
    assert not changes.catalogue.credit_models[0].hard_limit
    assert not applied(current, Document(wanted.features, (), ())).is_empty
    assert not applied(current, Document((), wanted.credit_models, ())).is_empty
    assert applied(current, Document((), (), ())).catalogue == current


PRICE = Price(PerUnit(Decimal("0.02")), Decimal(0), None, None)
LIMIT = Limit(Decimal(10), Overage.BLOCK, None)
GRANT = Allocation("CREDITS", Decimal(100), Rollover.NONE, None, None, None)


def with_chat(**parts):
    return replace(TERMS, features=(replace(CHAT, **parts),))


@pytest.mark.parametrize(
    ("terms", "other", "paths"),
    [
        # By value, not by writing or by order.
        (TERMS, replace(TERMS, price=Decimal("49.0")), []),
        (
            replace(TERMS, features=(CHAT, replace(CHAT, key="seats"))),
            replace(TERMS, features=(replace(CHAT, key="seats"), CHAT)),
            [],
        ),
        (
            replace(TERMS, credits=(GRANT, replace(GRANT, denomination="B"))),
            replace(TERMS, credits=(replace(GRANT, denomination="B"), GRANT)),
            [],
        ),
        # Each field.
        (TERMS, replace(TERMS, currency="EUR"), ["price.currency"]),
        (TERMS, replace(TERMS, interval=Interval(Unit.YEAR, 1)), ["interval.unit"]),
        (TERMS, replace(TERMS, timing=BillingTiming.IN_ARREARS), ["billingTiming"]),
        (TERMS, replace(TERMS, grace_days=0), ["gracePeriodDays"]),
        (TERMS, replace(TERMS, net_terms_days=14), ["netTermsDays"]),
        (TERMS, replace(TERMS, trial_days=14), ["trialDays"]),
        (TERMS, replace(TERMS, metadata=(("a", None),)), ["metadata.a"]),
        (
            replace(TERMS, metadata=(("a", Decimal(1)),)),
            replace(TERMS, metadata=(("a", True),)),
            ["metadata.a"],
        ),
        (TERMS, replace(TERMS, features=()), ["features[chat].key"]),
        (
            TERMS,
            with_chat(limit=LIMIT),
            ["features[chat].limit.overage", "features[chat].limit.units"],
        ),
        (
            with_chat(limit=LIMIT),
            with_chat(limit=replace(LIMIT, every=Interval(Unit.DAY, 1))),
            ["features[chat].limit.every"],
        ),
        (
            with_chat(price=PRICE),
            with_chat(price=replace(PRICE, minimum=Decimal(5))),
            ["features[chat].price.minimum"],
        ),
        (
            with_chat(price=replace(PRICE, model=Graduated((Tier(None, Decimal(1), Decimal(0)),)))),
            with_chat(price=replace(PRICE, model=Graduated((Tier(None, Decimal(2), Decimal(0)),)))),
            ["features[chat].price.tiers[0].unitPrice"],
        ),
        (
            TERMS,
            with_chat(aggregation=Aggregation(AggregationKind.COUNT, None, ())),
            ["features[chat].aggregation.type"],
        ),
        (
            with_chat(burn=Burn("CREDITS", None, (("gpt-4.1", Decimal(8)),))),
            with_chat(burn=Burn("CREDITS", None, (("gpt-4.1", Decimal(9)),))),
            ["features[chat].credits.models.gpt-4.1"],
        ),
        (
            replace(TERMS, credits=(GRANT,)),
            replace(TERMS, credits=(replace(GRANT, rollover=Rollover.FULL),)),
            ["credits[CREDITS].rollover"],
        ),
    ],
)
def test_terms_differ_where_they_say_something_else(terms, other, paths):
    assert [difference.path for difference in differences(terms, other)] == paths
    assert [difference.path for difference in differences(other, terms)] == paths
    assert differences(terms, terms) == ()


def test_an_order_alone_is_no_new_version_and_the_old_order_stays():
    seats = replace(CHAT, key="seats")
    was = replace(PRO, terms=replace(TERMS, features=(CHAT, seats)))
    wanted = replace(PRO, terms=replace(TERMS, features=(seats, CHAT)))

    changes = applied(account(was), document(wanted))

    assert changes.is_empty
    assert changes.plans[0].after.version.terms == was.terms


@settings(max_examples=15, deadline=None)
@given(first=DOCUMENTS, second=DOCUMENTS, prune=st.booleans())
def test_publishing_twice_changes_nothing_the_second_time(first, second, prune):
    current = applied(EMPTY, first).catalogue
    try:
        changes = applied(current, second, prune=prune)
    except Refusal:
        return

    assert applied(changes.catalogue, second, prune=prune).is_empty
    assert applied(changes.catalogue, second, prune=prune).catalogue == changes.catalogue


@settings(max_examples=15, deadline=None)
@given(wanted=DOCUMENTS)
def test_an_account_written_as_a_document_publishes_to_itself(wanted):
    current = applied(EMPTY, wanted).catalogue

    changes = applied(current, document_of(current), prune=True)

    assert changes.is_empty
    assert changes.catalogue == current
