"""The new part of a reply, as programs of many languages write it."""

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from consumer.mail.reply import split

ADA = "Ada Lindqvist <ada@lp.example>"
INTRODUCTIONS = {
    "gmail en": f"On Tue, Mar 3, 2026 at 10:00 AM {ADA} wrote:",
    "gmail en folded": "On Tue, Mar 3, 2026 at 10:00 AM Ada Lindqvist\n<ada@lp.example> wrote:",
    "gmail de": f"Am Di., 3. März 2026 um 10:00 Uhr schrieb {ADA}:",
    "gmail fr": f"Le mar. 3 mars 2026 à 10:00, {ADA} a écrit :",
    "gmail es": "El mar, 3 mar 2026 a las 10:00, Ada Lindqvist (<ada@lp.example>)\nescribió:",
    "gmail it": f"Il giorno mar 3 mar 2026 alle ore 10:00 {ADA}\nha scritto:",
    "gmail nl": f"Op di 3 mrt 2026 om 10:00 schreef {ADA}:",
    "gmail pt": f"Em ter., 3 de mar. de 2026 às 10:00, {ADA}\nescreveu:",
    "gmail sv": f"Den tis 3 mars 2026 kl 10:00 skrev {ADA}:",
    "gmail da": f"Den tirs. 3. mar. 2026 kl. 10.00 skrev {ADA}:",
    "gmail no": f"tir. 3. mar. 2026 kl. 10:00 skrev {ADA}:",
    "gmail fi": "ti 3. maalisk. 2026 klo 10.00 Ada Lindqvist (ada@lp.example) kirjoitti:",
    "gmail pl": f"wt., 3 mar 2026 o 10:00 {ADA} napisał(a):",
    "gmail cs": f"út 3. 3. 2026 v 10:00 odesílatel {ADA} napsal:",
    "gmail ru": f"вт, 3 мар. 2026 г. в 10:00, {ADA}:",
    "gmail ja": f"2026年3月3日(火) 10:00 {ADA}:",
    "gmail zh": f"{ADA} 于2026年3月3日周二 10:00写道：",
    "gmail ko": f"2026년 3월 3일 (화) 오전 10:00, {ADA}님이 작성:",
    "gmail tr": f"{ADA}, 3 Mar 2026 Sal, 10:00 tarihinde şunu yazdı:",
    "gmail hu": f"{ADA} ezt írta (időpont: 2026. márc. 3., K, 10:00):",
    "notes": f"{ADA} wrote on 03/03/2026 10:00:00 AM:",
    "notes fr": f"{ADA} a écrit le 3 mars 2026 à 10:00 :",
    "proton": f"‐‐‐‐‐‐‐ Original Message ‐‐‐‐‐‐‐\nOn Tuesday, March 3rd, 2026 at 10:00, {ADA} wrote:",
    "outlook without addresses": "From: Ada Lindqvist\nSent: Tuesday, March 3, 2026 10:00 AM\nTo: Vera Brandt\nSubject: RE: Round",
    "apple en": "On 3 Mar 2026, at 10:00, Ada Lindqvist wrote:",
    "thunderbird ru": "03.03.2026 10:00, Ada Lindqvist пишет:",
    "outlook en": f"From: {ADA}\nSent: Tuesday, March 3, 2026 10:00 AM\nTo: Vera\nSubject: RE: Round",
    "outlook bold": f"*From:* {ADA}\n*Sent:* Tuesday, March 3, 2026 10:00 AM\n*To:* Vera\n*Subject:* RE: Round",
    "outlook ruled": f"________________________________\nFrom: {ADA}\nSent: 3 March 2026 10:00\nTo: Vera\nSubject: RE: Round",
    "outlook de": f"Von: {ADA}\nGesendet: Dienstag, 3. März 2026 10:00\nAn: Vera Brandt\nBetreff: AW: Runde",
    "outlook fr": f"De : {ADA}\nEnvoyé : mardi 3 mars 2026 10:00\nÀ : Vera\nObjet : RE: Tour",
    "outlook es": f"De: {ADA}\nEnviado el: martes, 3 de marzo de 2026 10:00\nPara: Vera\nAsunto: RE: Ronda",
    "outlook it": f"Da: {ADA}\nInviato: martedì 3 marzo 2026 10:00\nA: Vera\nOggetto: R: Round",
    "outlook nl": f"Van: {ADA}\nVerzonden: dinsdag 3 maart 2026 10:00\nAan: Vera\nOnderwerp: RE: Ronde",
    "outlook pt": f"De: {ADA}\nEnviada em: terça-feira, 3 de março de 2026 10:00\nPara: Vera\nAssunto: RES: Rodada",
    "outlook sv": f"Från: {ADA}\nSkickat: den 3 mars 2026 10:00\nTill: Vera\nÄmne: SV: Runda",
    "outlook pl": f"Od: {ADA}\nWysłano: wtorek, 3 marca 2026 10:00\nDo: Vera\nTemat: ODP: Runda",
    "outlook ru": f"От: {ADA}\nОтправлено: 3 марта 2026 г. 10:00\nКому: Vera\nТема: RE: Раунд",
    "outlook ja": f"差出人: {ADA}\n送信日時: 2026年3月3日 10:00\n宛先: Vera\n件名: RE: x",
    "outlook zh": f"发件人: {ADA}\n发送时间: 2026年3月3日 10:00\n收件人: Vera\n主题: RE: x",
    "outlook ko": f"보낸 사람: {ADA}\n보낸 날짜: 2026년 3월 3일 10:00\n받는 사람: Vera\n제목: RE: x",
    "original en": f"-----Original Message-----\nFrom: {ADA}\nSent: today\nTo: Vera\nSubject: Round",
    "original de": "-----Ursprüngliche Nachricht-----\nVon: Ada",
    "original fr": "-----Message d'origine-----\nDe : Ada",
    "forwarded": f"---------- Forwarded message ---------\nFrom: {ADA}\nDate: Tue, Mar 3, 2026\nSubject: Deck\nTo: Vera",
    "forwarded apple": f"Begin forwarded message:\n\nFrom: {ADA}\nSubject: Deck\nDate: 3 March 2026\nTo: Vera",
}


@pytest.mark.parametrize("program", INTRODUCTIONS)
def test_what_follows_an_introduction_is_quoted(program):
    text = f"Yes, we will.\n\n{INTRODUCTIONS[program]}\n\nWill you join us?\n\nAda\n"
    marked = f"Yes, we will.\n\n{INTRODUCTIONS[program]}\n\n> Will you join us?\n>\n> Ada\n"

    assert split(text).new == "Yes, we will."
    assert split(marked).new == "Yes, we will."


def test_answers_between_and_below_the_questions_are_new():
    between = (
        "On 3 Mar 2026, Ada wrote:\n> Is it closed?\nYes.\n\n> When do we wire?\nOn Monday.\n\n-- \nVera"
    )
    below = "Am 03.03.26 um 10:00 schrieb Ada:\n> Kommst du?\n\nJa, gerne.\n\nGruß\nVera\n"

    assert split(between).new == "Yes.\n\nOn Monday."
    assert split(below).new == "Ja, gerne."


SIGNATURES = {
    "delimiter": "-- \nAda Lindqvist\nNordic LP",
    "delimiter without its space": "--\nAda Lindqvist",
    "closing en": "Best regards,\n\nAda Lindqvist\nPartner, Nordic LP",
    "closing short": "Thanks,\nAda",
    "closing with the name beside it": "Best, Ada",
    "closing de": "Mit freundlichen Grüßen\nAda Lindqvist",
    "closing fr": "Cordialement,\nAda",
    "closing sv": "Med vänlig hälsning\nAda Lindqvist",
    "closing ru": "С уважением,\nАда",
    "closing pl": "Pozdrawiam,\nAda",
    "dash": "-Ada Lindqvist",
    "card": "Ada Lindqvist\nNordic LP AB\n+46 8 123 456 78\nada@lp.example\nwww.lp.example",
    "iphone": "Sent from my iPhone",
    "iphone de": "Von meinem iPhone gesendet",
    "iphone fr": "Envoyé de mon iPhone",
    "iphone ja": "iPhoneから送信",
    "outlook": "Get Outlook for iOS<https://aka.ms/o0ukef>",
    "list": "_______________________________________________\nlps mailing list\nlps@lp.example",
    "closing above a telephone": "Best,\nAda\n\nSent from my iPhone",
}


@pytest.mark.parametrize("kind", SIGNATURES)
def test_a_signature_is_taken_off(kind):
    assert (
        split(f"We commit 20m.\nWires on Friday.\n\n{SIGNATURES[kind]}\n").new
        == "We commit 20m.\nWires on Friday."
    )


@pytest.mark.parametrize(
    "text",
    [
        "Thanks for that\nWe will wire the money on Monday, as agreed with the board.",
        "On Monday we met the team. They wrote: all good.\nWe wire 20m.",
        "From: the whole team, to you: congratulations.\nTo be continued.",
        "Sent from my desk, is much easier than my mobile phone.",
        "Terms:\n- 20m\n- 1x preference\n\nhttps://docs.lp.example/terms",
        "Thanks",
        "Best regards,\nAda",
        "Payment schedule\n\nFrom: 1 March 2026\nTo: 31 March 2026\nDate: to be agreed\n\nPlease confirm the amounts.",
        "The flight:\n\nFrom: London\nTo: Oslo\nDate: 12 March 2026 10:00\n\nShall I book?",
        "Hi Ada,\n\nOn 12/03/2026 we wrote to you about the data room:\n\n- financials\n- cap table\n\nPlease send them.",
        "Hi,\n\nOn 3 March 2026 I wrote:\n\nWe commit 20m.\n\nThat stands.",
        "Hallo,\n\nam 03.03.2026 schrieb ich Ihnen:\n\nWir zahlen 20m.",
        "Bonjour,\n\nLe 3 mars 2026 nous avons écrit :\n\nOui.",
        "As I told you, on Tuesday Ada wrote to ada@lp.example in 2026:\n\nMind the carry.",
        "On 3 March 2026 the board wrote: we accept.\n\nSo we can proceed.",
        "Thanks.\n\nOn 3 March 2026 send the signed copy to ada@lp.example:\n\n- the term sheet",
        "Please wire to:\n\nNorthwind Ltd\nAccount 1234 5678 9012\nSwift ABCD +44 20 1234 5678",
        "Hello,\n\nPlease wire to:\nNorthwind Ltd\nIBAN 12345678901234\nPhone 555 123 4567",
        "Here is who to call:\n\nAda Lindqvist\nada@lp.example\n+46 70 123 45 67",
        "Hi\n\nThanks\n\nPlease send the deck",
        "Hi\n\nThanks,\nBob\n\nPS: wire 5m to the new account",
        "Hi\n\nThanks,\nBob\n\nP.S. The account has changed.\nUse the new one.",
        "Hej\n\nMvh\nAda\n\nPs vi ses",
        "了解です。\n\n以上\n\n追伸 口座が変わりました",
        "Hi Vera,\n\nthe deck:\nhttps://lp.example/deck\n\nTwo questions:\n1. When?\n2. Where?",
    ],
)
def test_words_that_only_look_like_a_quotation_or_a_signature_stay(text):
    assert split(text).new == text


def test_a_signature_below_a_postscript_is_taken_off():
    assert split("Hi\n\nThanks,\nBob\n\nPS: wire 5m\n\n-- \nBob\n").new == "Hi\n\nThanks,\nBob\n\nPS: wire 5m"
    assert split("Hi.\n\nBest,\nAda\nPS Capital Partners\n").new == "Hi."


def test_a_story_about_a_letter_introduces_what_is_marked_below_it():
    assert split("Hi,\n\nOn 3 March 2026 we wrote to you:\n\n> We commit 20m.").new == "Hi,"


def test_the_snippet_begins_with_what_is_new_and_with_the_whole_text_where_nothing_is(read):
    head = b"From: vera@fund.example\r\n\r\n"
    below = read(head + b"On 3 Mar 2026, Ada wrote:\r\n> Do you come?\r\n\r\nYes,\r\ngladly.\r\n")
    forward = read(
        head
        + b"---------- Forwarded message ---------\r\nFrom: Ada <ada@lp.example>\r\nSubject: x\r\n\r\nHello\r\n"
    )

    assert below.snippet == "Yes, gladly."
    assert forward.snippet.startswith("---------- Forwarded message")


def test_a_forward_without_a_word_has_no_new_part():
    assert split(f"\n\n{INTRODUCTIONS['forwarded']}\n\nHello\n").new == ""


def test_mail_of_html_alone_has_its_new_part_too(read):
    html = b"<p>Yes.</p><div class=gmail_quote>On Tue, Mar 3, 2026 at 10:00 AM Ada &lt;ada@lp.example&gt; wrote:<br><blockquote>Will you?</blockquote></div>"
    mail = read(b"From: vera@fund.example\r\nContent-Type: text/html\r\n\r\n" + html)

    assert mail.new_text == "Yes."
    assert "Will you?" in mail.text


LINES = st.sampled_from(
    ["", "> q", ">> q", "On 3 Mar 2026 at 10:00", "ada@lp.example wrote:", "wrote:", "From: a", "Sent: b", "To: c", "Subject: d",
     "-- ", "-----Original Message-----", "Best,", "Ada", "Sent from my iPhone", "_" * 40, "text", "Hello.", "写道：", ":", "\t", "x" * 400]
)  # fmt: skip


@given(st.lists(LINES, max_size=30))
@settings(deadline=None, max_examples=300)
def test_the_new_part_is_made_of_lines_of_the_text_in_their_order(lines):
    text = "\n".join(lines)
    read = split(text)
    rest = iter(text.split("\n"))

    assert read.own.startswith(read.new)
    assert all(any(line in other for other in rest) for line in read.own.split("\n") if line.strip())


def test_a_long_hostile_text_is_read_to_its_end():
    for line in (
        "On 12:00 a@b.example",
        "x wrote:",
        ">",
        "From: x",
        "1 " * 140 + ":",
        "On " + "a@" * 130 + ":",
        "On 2026 wrote " + "a" * 280 + ":",
        "On 2026 schrieb " + "abc " * 70 + ":",
        "P. S. " * 49,
    ):
        assert split(f"{line}\n" * 1_500).own is not None


def test_quotations_in_html_are_marked_like_those_in_text(read):
    html = "<p>Above.</p><blockquote type='cite'>one<blockquote class='gmail_quote'>two<br>three</blockquote></blockquote><p>Below.</p><blockquote style='margin-left:40px'>set in</blockquote>"
    mail = read(f"From: vera@fund.example\r\nContent-Type: text/html\r\n\r\n{html}".encode())

    assert [line for line in mail.text.split("\n") if line] == [
        "Above.",
        "> one",
        ">> two",
        ">> three",
        "Below.",
        "set in",
    ]
    assert [line for line in mail.new_text.split("\n") if line] == ["Above.", "Below.", "set in"]


def test_marks_of_our_own_cannot_be_written_by_a_sender(read):
    mail = read(
        b"From: vera@fund.example\r\nContent-Type: text/html\r\n\r\n<p>a</p><p>&#14;</p>\n\x0e\n<p>b</p>"
    )

    assert mail.text == "a\n\nb"


def test_an_introduction_left_over_a_quotation_somebody_cut_out_hides_no_answer():
    assert split(f"{INTRODUCTIONS['gmail en']}\n\nThe server is up again.\n").new == "The server is up again."


def test_what_somebody_said_is_quoted_where_it_is_marked_alone():
    assert split("Yes.\n\nbo@lp.example said:\n> Will you?\n").new == "Yes."
    assert split("Yes.\n\nAnd then Bo said:\nlet us wire.\n").new == "Yes.\n\nAnd then Bo said:\nlet us wire."
