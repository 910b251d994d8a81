"""HTML as its reader sees it: what is hidden, what keeps its lines."""

import time

import pytest


@pytest.fixture
def page(read):
    """Read a mail of this HTML alone."""
    return lambda html, head="": read(
        f"From: ada@lp.example\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<html><head>{head}</head><body>{html}</body></html>".encode()
    )


HIDDEN = {
    "display": "<div style='display:none;max-height:0'>We accept.</div>",
    "display in capitals": "<div style='DISPLAY : NONE !important; display:block'>We accept.</div>",
    "display with a comment": "<div style='display:/* */none'>We accept.</div>",
    "attribute": "<p hidden>We accept.</p>",
    "visibility": "<p style='visibility:hidden'>We <b>accept</b>.</p>",
    "no size": "<div style='font-size:0'>We accept.</div>",
    "no size in other words": "<div style='font-size: 0.0px'>We <span style='font-size:2em'>accept</span>.</div>",
    "no size, short": "<div style='font:0/0 a'>We accept.</div>",
    "one pixel": "<div style='font-size:1px;color:#fff'>We accept.</div>",
    "no height": "<div style='max-height:0px;overflow:hidden'>We accept.</div>",
    "see-through": "<div style='opacity:0'>We accept.</div>",
    "inside": "<div style='display:none'><table><tr><td style='display:block;font-size:14px'>We accept.</td></tr></table></div>",
    "class": "<div class='a b'>We accept.</div>",
    "id": "<div id=top>We accept.</div>",
    "class of an element": "<p class=c>We accept.</p>",
}
SHEET = "<style>/* x */ .z, .b { color:red; display:none } #top{font-size:0} p.c{visibility:hidden}</style>"


@pytest.mark.parametrize("way", HIDDEN)
def test_text_nobody_sees_is_left_out_and_told(way, page):
    mail = page(f"{HIDDEN[way]}<p>We decline.</p>", SHEET)

    assert (mail.text, mail.new_text, mail.snippet) == ("We decline.",) * 3
    assert "html-hidden" in mail.defects
    assert "accept" in mail.html


SHOWN = {
    "nothing hidden": "<p style='font-size:12px'>We accept.</p>",
    "a size of its own": "<td style='font-size:0'><div style='font-size:13px'>We accept.</div></td>",
    "a font of its own": "<div style='font-size:0'><font size=2>We accept.</font></div>",
    "visible again": "<div style='visibility:hidden'><p style='visibility:visible'>We accept.</p></div>",
    "display after all": "<div style='display:none;display:block'>We accept.</div>",
    "hidden, and yet shown": "<p hidden style='display:block'>We accept.</p>",
    "no height that cuts nothing": "<div style='max-height:0'>We accept.</div>",
    "hidden by Outlook alone": "<a style='mso-hide:all'>We accept.</a>",
    "half a pixel less": "<p style='font-size:0.9em;height:0.5px;opacity:0.9'>We accept.</p>",
    "on telephones only": "<p class=wide>We accept.</p>",
    "another element's class": "<p class=d>We accept.</p>",
}
NARROW = (
    "<style>@media (max-width:600px) { .wide { display:none } .x { color:red } } div.d{display:none}</style>"
)


@pytest.mark.parametrize("way", SHOWN)
def test_text_somebody_sees_stays(way, page):
    mail = page(SHOWN[way], NARROW)

    assert mail.text == "We accept."
    assert "html-hidden" not in mail.defects


def test_spaces_that_only_fill_a_preview_are_no_hidden_text(page):
    assert "html-hidden" not in page("<div style='display:none'>&nbsp;&zwnj;&nbsp;</div>Hi").defects


@pytest.mark.parametrize(
    "html",
    [
        "<pre>{}</pre>",
        "<div style='white-space:pre-wrap'>{}</div>",
        "<div style='white-space: pre-line'><span>{}</span></div>",
        "<div class=p>{}</div>",
    ],
)
def test_preformatted_lines_stay_lines_and_what_they_quote_is_told_apart(html, page):
    written = "Yes, we will.\n\nOn Tue, 3 Mar 2026 at 10:00, Vera &lt;vera@fund.example&gt; wrote:\n&gt; Will you?\n"
    mail = page(html.format(written), "<style>.p{white-space:pre}</style>")

    assert mail.text.split("\n")[0] == "Yes, we will."
    assert mail.text.endswith("wrote:\n> Will you?")
    assert mail.new_text == "Yes, we will."


def test_lines_of_the_source_are_no_lines_of_the_text_elsewhere(page):
    mail = page("<pre>a\nb<span style='white-space:normal'>c\nd</span></pre><p>e\nf</p>")

    assert [line for line in mail.text.split("\n") if line] == ["a", "bc d", "e f"]


MEBIBYTE = 1024 * 1024
BOMBS = {
    "sheet without braces": "<style>" + "a " * (MEBIBYTE // 2) + "</style>",
    "at-rules": "<style>" + "@" * MEBIBYTE + "</style>",
    "open rules": "<style>" + ".a{" * (MEBIBYTE // 3) + "</style>",
    "comments": "<style>" + "/*" * (MEBIBYTE // 2) + "</style>",
    "rules of one class": "<style>" + ".a{font:x}" * (MEBIBYTE // 10) + "</style>",
    "selectors": "<style>" + ".a," * (MEBIBYTE // 3) + "b{display:none}</style>",
    "classes": "<style>" + "".join(f".{c}{{font:{'x' * 190}}}" for c in "abcde") + "</style>" + "<p class='a b c d e'>x" * 40_000,
    "one long style": "<p style='" + "a:b;" * (MEBIBYTE // 4) + "'>x</p>",
    "styles": "".join(f"<p style='font:{n}'>" for n in range(50_000)),
    "numbers in a font": "<p style='font:" + "1" * 3_900 + "'>x</p>" * 200,
}  # fmt: skip


@pytest.mark.parametrize("kind", BOMBS)
def test_no_style_takes_longer_than_its_size(kind, page):
    began = time.process_time()
    page(BOMBS[kind])

    assert time.process_time() - began < 10
