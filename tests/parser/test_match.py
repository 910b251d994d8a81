"""Whose mail it is: the table, and what no order of things may change."""

import hypothesis.strategies as st
import pytest
from hypothesis import given

from consumer.mail.message import Participant
from consumer.match import Own, Rule, lookup_keys, match, normal_rule

FUND = Own(frozenset({"vera@fund.example", "p.artner@gmail.com"}), frozenset({"fund.example"}))
NOBODY = Own(frozenset(), frozenset())


def rules(*values):
    kinds = ["address" if "@" in value[1:] else "domain" for value in values]
    return [
        Rule(n, kind, normal_rule(kind, value))
        for n, (kind, value) in enumerate(zip(kinds, values, strict=True))
    ]


def matched(address, *values, role="from", own=FUND):
    found = match([Participant(role, address, "")], rules(*values), own=own)
    return [(one.investor_id, one.strategy, one.ambiguous) for one in found]


EXACT, DOMAIN, NONE = [(0, "address", False)], [(0, "domain", False)], []

TABLE = [
    # the address
    ("ada@lp.example", "ada@lp.example", EXACT),
    ("ada@lp.example", "ADA@LP.Example", EXACT),
    ("ada+news@lp.example", "ada@lp.example", EXACT),
    ("ada@lp.example", "ada+crm@lp.example", EXACT),
    ("+ada@lp.example", "ada@lp.example", NONE),
    ('"ada+x"@lp.example', "ada@lp.example", EXACT),
    ('"ada x"@lp.example', "ada@lp.example", NONE),
    ("a.d.a@lp.example", "ada@lp.example", NONE),
    ("a.d.a@gmail.com", "ada@gmail.com", EXACT),
    ("ada@googlemail.com", "a.da+x@gmail.com", EXACT),
    ("ada@gmail.com.evil.example", "ada@gmail.com", NONE),
    ("bo@lp.example", "ada@lp.example", NONE),
    ("jörg@lp.example", "JÖRG@lp.example", EXACT),
    ("ada@xn--bcher-kva.example", "ada@Bücher.example", EXACT),
    # the domain
    ("ada@lp.example", "lp.example", DOMAIN),
    ("ada@lp.example", "@LP.example", DOMAIN),
    ("ada@mail.eu.lp.example", "lp.example", DOMAIN),
    ("ada@lp.example", "mail.lp.example", NONE),
    ("ada@notlp.example", "lp.example", NONE),
    ("ada@lp.example.evil.example", "lp.example", NONE),
    ("ada@lp.co.uk", "lp.co.uk", DOMAIN),
    ("ada@other.co.uk", "lp.co.uk", NONE),
    ("ada@xn--bcher-kva.example", "bücher.example", DOMAIN),
    # ourselves, however written
    ("vera@fund.example", "vera@fund.example", NONE),
    ("bo@fund.example", "bo@fund.example", NONE),
    ("bo@eu.fund.example", "eu.fund.example", NONE),
    ("partner+crm@gmail.com", "partner@gmail.com", NONE),
    ("part.ner@googlemail.com", "partner@gmail.com", NONE),
]


@pytest.mark.parametrize(("address", "rule", "expected"), TABLE)
def test_a_rule_matches_an_address(address, rule, expected):
    assert matched(address, rule) == expected


@pytest.mark.parametrize("role", ["reply_to", "sender"])
def test_where_answers_go_says_nothing(role):
    assert matched("ada@lp.example", "ada@lp.example", "lp.example", role=role) == []


@pytest.mark.parametrize("role", ["from", "to", "cc", "bcc"])
def test_everybody_who_talks_counts(role):
    assert matched("ada@lp.example", "ada@lp.example", role=role) == EXACT


@pytest.mark.parametrize(
    "value",
    ["gmail.com", "@GoogleMail.com", "outlook.com", "co.uk", "com", "github.io", "a@b@c", "ada@", "", " ", "lp", "l p.example", "-.example", "a..b"],
)  # fmt: skip
def test_a_rule_that_would_match_strangers_is_refused(value):
    with pytest.raises(ValueError, match=r"\w"):
        normal_rule("domain", value)


@pytest.mark.parametrize("domain", ["gmail.com", "co.uk", "com"])
def test_such_a_rule_matches_nobody_even_if_it_got_in(domain):
    assert match([Participant("from", f"ada@{domain}", "")], [Rule(1, "domain", domain)], own=NOBODY) == ()


def test_an_address_of_several_investors_is_all_of_theirs_and_ambiguous():
    assert matched("ada@lp.example", "ada@lp.example", "ada+x@lp.example", "lp.example") == [
        (0, "address", True), (1, "address", True), (2, "domain", True),
    ]  # fmt: skip


def test_an_address_of_one_investor_at_the_domain_of_another_is_ambiguous_for_both():
    expected = [(0, "address", True), (1, "domain", True)]

    assert matched("ada@lp.example", "ada@lp.example", "lp.example") == expected
    assert matched("ada@sub.lp.example", "ada@sub.lp.example", "lp.example") == expected
    assert matched("bo@lp.example", "ada@lp.example", "lp.example") == [(1, "domain", False)]


def test_an_exact_match_is_not_listed_again_for_its_domain():
    both = [Rule(1, "address", "ada@lp.example"), Rule(1, "domain", "lp.example")]

    found = match(
        [Participant("from", "ada@lp.example", ""), Participant("to", "bo@lp.example", "")], both, own=FUND
    )

    assert [(one.address, one.strategy) for one in found] == [
        ("ada@lp.example", "address"),
        ("bo@lp.example", "domain"),
    ]


ADDRESSES = st.builds(
    "{}@{}".format,
    st.sampled_from(["ada", "a.da", "ada+x", "bo", "vera"]),
    st.sampled_from(
        ["lp.example", "eu.lp.example", "fund.example", "gmail.com", "lp.co.uk", "co.uk", "x.example"]
    ),
)
PEOPLE = st.lists(
    st.builds(
        Participant,
        st.sampled_from(["from", "to", "cc", "bcc", "sender", "reply_to"]),
        ADDRESSES,
        st.just(""),
    )
)
RULES = st.lists(
    st.builds(Rule, st.integers(1, 3), st.just("address"), ADDRESSES.map(lambda one: normal_rule("address", one)))
    | st.builds(Rule, st.integers(1, 3), st.just("domain"), st.sampled_from(["lp.example", "eu.lp.example", "lp.co.uk", "x.example"]))
)  # fmt: skip


@given(PEOPLE, RULES, st.randoms(use_true_random=False))
def test_no_order_and_no_repetition_changes_the_result(people, listed, random):
    expected = match(people, listed, own=FUND)

    people, listed = people + people[:2], listed + listed[:2]
    random.shuffle(people)
    random.shuffle(listed)

    assert match(people, listed, own=FUND) == expected


@given(PEOPLE, RULES)
def test_an_investor_is_named_once_for_an_address_in_a_role(people, listed):
    found = match(people, listed, own=FUND)

    assert len({(one.investor_id, one.role, one.address) for one in found}) == len(found)
    assert not [one for one in found if FUND.owns(one.address) or one.role in {"sender", "reply_to"}]


@given(PEOPLE, RULES)
def test_the_keys_looked_up_find_every_rule_that_matches(people, listed):
    addresses, domains = lookup_keys(people)
    near = [rule for rule in listed if rule.value in (addresses if rule.kind == "address" else domains)]

    assert match(people, near, own=FUND) == match(people, listed, own=FUND)


def test_sharing_a_free_mail_domain_makes_nobody_a_colleague():
    own = Own(frozenset({"vera@gmail.com"}), frozenset({"gmail.com"}))

    assert matched("ada@gmail.com", "ada@gmail.com", own=own) == EXACT
    assert matched("v.era+x@googlemail.com", "vera@gmail.com", own=own) == []


ANYBODYS = (
    "hotmail.fr hotmail.de hotmail.it hotmail.es outlook.de outlook.fr live.fr live.nl live.co.uk yahoo.com.br yahoo.ca "
    "yahoo.com.au yahoo.co.in aim.com protonmail.ch tutanota.com duck.com bluewin.ch cox.net earthlink.net 139.com "
    "googlegroups.com onmicrosoft.com gmx.fr mail.de icloud.com.cn telia.com ziggo.nl hushmail.com simplelogin.com "
    "privaterelay.appleid.com mailinator.com email.com usa.net nate.com yeah.net aliyun.com libertysurf.fr skynet.be "
    "telenet.be xs4all.nl vip.qq.com arcor.de optonline.net charter.net gmail.co mail.yahoo.com yahoo.com.tw msn.cn"
).split()


@pytest.mark.parametrize("domain", ANYBODYS)
def test_a_domain_that_gives_addresses_to_anybody_is_no_rule_and_matches_nothing(domain):
    with pytest.raises(ValueError, match=r"anybody|public suffix"):
        normal_rule("domain", domain)

    assert match(
        [Participant("from", f"x@{domain}", "")], [Rule(1, "domain", domain)], own=FUND
    ) == ()  # fmt: skip


@pytest.mark.parametrize(
    "domain", ["gmx.io", "live.co", "outlook.vc", "hotmail.example", "mylive.fr", "live.acme.fr", "firma.onmicrosoft.com"]
)  # fmt: skip
def test_a_firms_own_domain_that_looks_like_one_is_a_rule(domain):
    assert normal_rule("domain", domain) == domain
    assert matched(f"x@{domain}", domain) == DOMAIN
