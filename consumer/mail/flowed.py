"""Text whose paragraphs were folded for narrow screens (format=flowed, RFC 3676), unfolded."""

SIGNATURE = "-- "


def unfolded(text: str, *, drop_space: bool) -> str:
    """Join lines that end with a space to the next one of the same quotation; *drop_space* is DelSp=yes."""
    out, paragraph, depth = list[str](), list[str](), 0
    for line in text.split("\n"):
        quotes = len(line) - len(line.lstrip(">"))
        said = line[quotes:].removeprefix(" ")  # stuffed, so that a line of text cannot look quoted
        if paragraph and (quotes != depth or said == SIGNATURE):
            out.append(_joined(paragraph, depth))
            paragraph = []
        depth = quotes
        flows = said.endswith(" ") and said != SIGNATURE
        paragraph.append(said[:-1] if flows and drop_space else said)
        if not flows:
            out.append(_joined(paragraph, depth))
            paragraph = []
    return "\n".join([*out, _joined(paragraph, depth)] if paragraph else out)


def _joined(paragraph: list[str], depth: int) -> str:
    line = "".join(paragraph)
    return f"{'>' * depth} {line}".rstrip() if depth else line
