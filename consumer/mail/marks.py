"""What may deceive the eye in a message, as stable codes."""

MARKS: dict[str, str] = {
    "address-in-name": "The author's name is an address, and not the author's.",
    "bidi-in-name": "The author's name holds characters that turn the reading direction.",
    "bidi-in-subject": "The subject holds characters that turn the reading direction.",
    "international-domain": "The author's domain is written in other letters than ASCII; show both forms.",
    "invisible-in-name": "The author's name holds characters that cannot be seen.",
    "look-alike-domain": "The author's domain looks like one in ASCII letters, and is another.",
    "mixed-scripts-in-domain": "One word of the author's domain mixes alphabets.",
    "mixed-scripts-in-name": "One word of the author's name mixes alphabets.",
}
