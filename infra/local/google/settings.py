"""Every switch of the local Google, set over the control side by the same names."""

from dataclasses import asdict, dataclass, fields, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Settings:
    """Where Gmail's behaviour varies or nobody has proved it, it is a switch.  Shares are between 0 and 1."""

    # The index runs behind: a notification comes first, the change is visible this much later.
    history_lag_sec: float = 0.0  # in history.list
    message_lag_sec: float = 0.0  # in messages.get (404 meanwhile), messages.list and threads

    # Notifications.
    notify_interval_sec: float = 1.0  # Gmail sends at most one a second and mailbox; the rest is dropped
    notify_delay_sec: float = 0.0
    notify_drop: float = 0.0  # share lost
    notify_duplicate: float = 0.0  # share sent twice
    notify_reorder: float = 0.0  # share held back so that later ones overtake it
    notify_reorder_sec: float = 1.5  # for how long
    notify_string_id: bool = False  # historyId as a string, as Google's guide prints it

    # Quota (0: not metered).  Units of Gmail's price list, counted over a rolling minute.
    units_per_minute: int = 0  # of one user; 6000 for projects of 2026, 15000 for older ones
    project_units_per_minute: int = 0  # of one project: 1200000
    concurrent_calls: int = 0  # of one user at the same time; more draw a 429
    refused_calls_cost: bool = True
    quota_style: str = "minute"  # words of the refusal; old: of older projects; retry_after: with a time
    quota_status: int = 403  # of the refusal that names a time: 403 or 429
    retry_after_sec: float = 60.0
    service_account_is_one_user: bool = False  # all mailboxes it speaks for share one minute

    # Searches.
    longest_query: int = 0  # characters of q; a longer one draws a 400; 0: any

    # Watches.
    watch_renewal_refused: bool = False  # the same topic again draws "only one client" too
    watch_bad_label_text: str = "Invalid label: {label}"

    # Lists.
    history_empty_pages: bool = False  # before each page with records one without
    missing_start_text: str = "Missing/invalid parameter: startHistoryId"

    # Batches.
    batch_shuffle: bool = False  # answers in any order
    batch_concurrency: int = 0  # parts of a batch above this number draw an inner 429; 0: never
    batch_inner_status: int = 0  # every second part draws this (401, 403, 404, 429, 500, 503); 0: never
    batch_outer_status: int = 0  # answer every batch as a whole with this (502 as an HTML page); 0: never
    batch_most: int = 100  # parts; more draw a 400
    batch_too_many_text: str = "The batch request could not be processed: too many calls."

    # Shapes of messages.
    padding: str = "random"  # of base64url: random, always, never
    transcode: bool = True  # text parts as UTF-8 in format=full; false leaves their bytes as they were
    transcode_not: tuple[str, ...] = ()  # charsets left alone even so, in lower case
    body_attachment_bytes: int = (
        100_000  # text bodies above it come as an attachment id; Gmail's size is unknown
    )
    metadata_extras: bool = True  # partId, filename and body in format=metadata


def changed(settings: Settings, wanted: dict[str, Any]) -> Settings:
    """Return *settings* with some switches turned.  ValueError names what does not exist."""
    known = {field.name for field in fields(Settings)}
    for name in wanted:
        if name not in known:
            raise ValueError(f"no switch {name!r}; there are {', '.join(sorted(known))}")
    turned: dict[str, Any] = {name: _like(getattr(settings, name), name, wanted[name]) for name in wanted}
    return replace(settings, **turned)


def _like(now: object, name: str, value: Any) -> object:
    """Return *value* as what the switch is: JSON knows neither tuples nor that 1 may be 1.0."""
    if isinstance(now, tuple) and isinstance(value, list):
        return tuple(str(one).lower() for one in value)
    if isinstance(now, float) and type(value) is int:
        return float(value)
    if type(value) is not type(now):
        raise ValueError(f"switch {name!r} is a {type(now).__name__}, not {value!r}")
    if name == "padding" and value not in {"random", "always", "never"}:
        raise ValueError("padding is random, always or never")
    return value


def shown(settings: Settings) -> dict[str, Any]:
    """Return every switch by name."""
    return asdict(settings)
