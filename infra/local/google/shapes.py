"""A stored message as JSON in one of the four formats."""

from collections.abc import Iterable

from infra.local.google import attachment_ids, payload, tree
from infra.local.google.heads import split_head
from infra.local.google.mailbox import Mailbox, Stored
from infra.local.google.payload import Manner
from infra.local.google.state import State
from infra.local.google.tree import Part
from infra.local.google.wire import Json, base64url, without_empty

FORMATS = frozenset({"minimal", "metadata", "full", "raw"})
SNIPPET_BYTES = 256_000  # of a message read for its snippet: text comes before the files
FORMAT_TYPE = "type.googleapis.com/caribou.api.proto.MessageFormat"


def manner(state: State) -> Manner:
    """Return how bodies are to be shown, from the switches."""
    told = state.settings
    return Manner(
        transcode=told.transcode,
        untouched=frozenset(told.transcode_not),
        most_inline=told.body_attachment_bytes,
        padding=told.padding,
    )


def shown(state: State, box: Mailbox, message: Stored, shape: str, wanted: Iterable[str]) -> Json:
    """Return the message in *shape* (a format); *wanted* are the metadataHeaders."""
    state.counters.handed_out(box.email, shape, message.id)
    common: Json = {
        "id": message.id,
        "threadId": message.thread_id,
        "labelIds": sorted(message.labels),
        "snippet": snippet(message),
        "historyId": str(message.history_id),
        "internalDate": str(message.internal_ms),
        "sizeEstimate": message.size,
    }
    return without_empty(common) | _content(state, box, message, shape, wanted)


def snippet(message: Stored) -> str:
    """Return a message's snippet, made from its beginning by the first who asks."""
    if message.snippet is None:
        message.snippet = payload.snippet(tree.parse(message.start(SNIPPET_BYTES)))
    return message.snippet


def _content(state: State, box: Mailbox, message: Stored, shape: str, wanted: Iterable[str]) -> Json:
    match shape:
        case "raw":
            padded = payload.padded(state.settings.padding, state.random)
            return {"raw": base64url(message.raw, padded=padded)}
        case "metadata":
            # The head alone: what a mailbox-wide scan asks for must not cost its attachments.
            head, extras = Part(tuple(split_head(message.head)[0]), b""), state.settings.metadata_extras
            return {"payload": payload.metadata(head, wanted, extras=extras)}
        case "full":
            return {"payload": _full(state, message, state.tree(box.email, message))}
        case _:
            return {}


def _full(state: State, message: Stored, root: Part) -> Json:
    def token(part_id: str) -> str:
        return attachment_ids.make(message.id, part_id, seed=state.seed, dice=state.random)

    return payload.full(root, manner(state), state.random, token)
