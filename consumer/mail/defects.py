"""What may be wrong with a mail, as stable codes.  A defect never stops a message from being stored."""

DEFECTS: dict[str, str] = {
    "address-limit": "More than 1,000 addresses: the rest were left out.",
    "author-ambiguous": "The From header does not name exactly one mailbox; nobody is taken for the author.",
    "author-missing": "There is no From header.",
    "base64-broken": "A part's base64 is damaged; what could be decoded was kept.",
    "calendar-broken": "A calendar part could not be read, or not all of it; it is kept as an attachment.",
    "charset-refused": "A part names a charset that is never decoded (such as UTF-7).",
    "charset-unknown": "A part names no charset we know; it was read as UTF-8 or windows-1252.",
    "charset-wrong": (
        "A part is not in the charset it names; another one was used, or characters were replaced."
    ),
    "date-missing": "There is no readable Date header; the time Gmail received the message stands in.",
    "date-unbelievable": (
        "The Date lies before 1970 or in the future; the time Gmail received the message stands in."
    ),
    "depth-limit": "Parts nested deeper than 50 were kept as one opaque part.",
    "duplicate-header": "A header that may stand once stands several times; the first was used.",
    "envelope-failed": (
        "Opening an envelope (S/MIME, winmail.dat) failed in a way nobody foresaw; it stays a file."
    ),
    "from-repeated": "There is more than one From header; nobody is taken for the author.",
    "header-limit": "Headers beyond 1,000, or 64 KiB in one, or 512 KiB in all, were cut.",
    "html-hidden": "The HTML holds text that its styles hide from every reader; it was left out of the text.",
    "html-limit": "The HTML is larger than 1 MiB; the text was made from its beginning.",
    "message-id-broken": (
        "The Message-ID is not of the usual form or longer than 998 bytes; a digest stands in if needed."
    ),
    "message-id-missing": "There is no Message-ID.",
    "message-limit": (
        "The message is larger than CRM_GMAIL_MAX_MESSAGE_MB: only its head was read, its text and files are "
        "in Gmail alone."
    ),
    "parse-died": "Reading this message killed its process; it is kept unread.",
    "parse-failed": "Reading this message failed in a way nobody foresaw; it is kept unread.",
    "parse-too-slow": "Reading this message took longer than allowed; it is kept unread.",
    "part-attachment-not-fetched": "An attachment's bytes are not part of this export.",
    "part-limit": "Parts beyond 1,000 were left out.",
    "people-uncertain": (
        "Gmail's JSON has names decoded, and what in them may be an address cannot be told: "
        "only the raw message says who takes part."
    ),
    "references-limit": "More than 200 references: the oldest were left out.",
    "structure-broken": (
        "The MIME structure is damaged (boundary, header or encoding); every byte that "
        "could be read was kept."
    ),
    "text-limit": "The text is longer than 2 MiB and was cut.",
    "tnef-broken": (
        "An Outlook envelope (winmail.dat) is damaged; it is kept beside what could be read of it."
    ),
}
