"""What is stated about the replies, bounces, calendars, charsets, spoofed senders and TNEF files."""

import json
import re
from collections.abc import Iterator

from consumer.mail.message import Mail
from consumer.mail.parse import parse
from consumer.mail.reply import split
from consumer.mail.text import decode
from consumer.mail.tnef import opened
from consumer.mail.tree import Leaf, take_apart
from infra.local.corpus.model import NOW, Claim, Corpus

ROW = re.compile(r"\['([^']*)', *'([^']*)', *'([^']*)'")
PSEUDO = re.compile(r"[45]\.0\.9\d\d")  # sisimai's own numbers where a report gives none
NOT_BOUNCES = {"feedback": "feedback_report", "vacation": "auto_reply"}


def replies(corpus: Corpus) -> Iterator[Claim]:
    """Compare new parts.  One source states them without quotation, the other without signature too."""
    for line in (corpus.root / "EXPECTED.jsonl").read_text().splitlines():
        one = json.loads(line)
        if "reply_text" in one:
            file = one["file"]
            plain = file.endswith(".txt")
            read = split(corpus.raw(file).decode() if plain else corpus.mail(file).text)
            yield Claim(file, "new part", one["reply_text"], read.new if plain else read.own)
    for file in ("replies/talon__102682_R_S", "replies/talon__johndoeexamplecom_body"):
        yield _marked(corpus, file)


def _marked(corpus: Corpus, file: str) -> Claim:
    """Read a file whose quoted lines and signature are marked, line by line."""
    marked = corpus.raw(file)
    plain = re.sub(rb"(?m)^#(?:sig|reply)#", b"", marked)
    new = re.sub(rb"(?m)^#(?:sig|reply)#.*\n?", b"", marked)
    # One is a whole message, the other a body alone.
    if file.endswith("_body"):
        return Claim(file, "new part", new.decode().strip(), split(plain.decode()).new)
    stated = parse(new, received_at=NOW).text.strip()
    return Claim(file, "new part", stated, parse(plain, received_at=NOW).new_text)


def bounces(corpus: Corpus) -> Iterator[Claim]:
    """Compare the kind of message, how many recipients failed, and with which codes."""
    for file in corpus.files("bounces"):
        stated, mail = corpus.manifest.get(file, ""), corpus.mail(file)
        if stated == "sisimai: not a bounce":
            yield Claim(file, "a report", False, mail.kind == "delivery_report")
        elif stated.startswith("rb-sisimai"):
            yield from _sisimai(file, stated, mail)
        elif stated.startswith("checkDSN"):
            actions = [one.action for one in mail.report.recipients] if mail.report else []
            yield Claim(file, "action", ["failed"], actions)
        elif "/sisimai__" in file:
            yield Claim(file, "kind", "delivery_report", mail.kind)


def _sisimai(file: str, stated: str, mail: Mail) -> Iterator[Claim]:
    rows = ROW.findall(stated.partition(" = ")[2])
    expected = NOT_BOUNCES.get(rows[0][2], "delivery_report")
    yield Claim(file, "kind", expected, mail.kind)
    if mail.report is None:
        return
    yield Claim(file, "recipients", len(rows), len(mail.report.recipients))
    for (status, reply, _), ours in zip(rows, mail.report.recipients, strict=False):
        if status and not PSEUDO.fullmatch(status):
            yield Claim(file, "status code", status, ours.status)
        if reply:
            yield Claim(file, "reply code", reply, ours.reply)


def calendars(corpus: Corpus) -> Iterator[Claim]:
    """Compare what the names of the files state: an invitation, its update, its cancellation, a reply."""
    steps = {"cancel": "cancellation", "update-major": "update", "exception": "update", "good_reply": "reply",
             "invite": "invitation", "single-event": "invitation", "repeat-event": "invitation"}  # fmt: skip
    for file in corpus.files("calendar"):
        name = file.partition("__")[2]
        found = corpus.mail(file).calendar
        step = next((step for word, step in steps.items() if word in name), None)
        if step and "non-invite" not in name:
            yield Claim(file, "step", step, found.step if found else None)
    for file in ("calendar/comm__message-non-invite.eml", "calendar/ccs__reply_missing_attachment.eml"):
        yield Claim(file, "an invitation", False, corpus.mail(file).kind == "calendar")
    reply = corpus.mail("calendar/ccs__good_reply.eml").calendar
    answers = [one.status for event in reply.events for one in event.attendees] if reply else []
    yield Claim("calendar/ccs__good_reply.eml", "answer", ["accepted"], answers)


def charsets(corpus: Corpus) -> Iterator[Claim]:
    """Compare the parts of comm__charsets.eml, which come in pairs of one text in two charsets."""
    file = "charsets/comm__charsets.eml"
    texts = [_text(leaf) for leaf in take_apart(corpus.raw(file)).leaves]
    for number in range(0, len(texts) - 1, 2):
        yield Claim(file, f"pair {number // 2 + 1}", texts[number + 1], texts[number])


def _text(leaf: Leaf) -> str:
    return decode(leaf.content, leaf.type_parameters.get("charset"))[0].strip()


def spoofing(corpus: Corpus) -> Iterator[Claim]:
    """None of these may count as a verified message of the forged author."""
    for file, stated in corpus.manifest.items():
        if file.startswith("spoofing/") and "must not be matched" in stated:
            mail = corpus.mail(file)
            trusted = bool(
                mail.author and mail.author.address == "admin@legitimate.com" and mail.verdict.verified
            )
            yield Claim(file, "trusted", False, trusted)


def envelopes(corpus: Corpus) -> Iterator[Claim]:
    """Compare the names of the files inside TNEF envelopes: each one stated must be found."""
    for file, stated in corpus.manifest.items():
        if file.endswith(".tnef"):
            names = stated.partition("extracted names: ")[2].partition(" (")[0].split(", ")
            found = [one.name for one in opened(corpus.raw(file)).files]
            yield Claim(file, "files inside", sorted(names), sorted(name for name in found if name in names))
