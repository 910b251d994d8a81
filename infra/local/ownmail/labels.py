"""Gmail's labels as an export names them, in the language of its owner."""

import csv
import unicodedata

from infra.local.ownmail.headers import decoded

_NAMES = {
    "INBOX": "Inbox | Posteingang | Boîte de réception | Recibidos | Bandeja de entrada",
    "SENT": "Sent | Sent Mail | Gesendet | Messages envoyés | Envoyés | Enviados",
    "SPAM": "Spam | Junk",
    "TRASH": "Trash | Bin | Papierkorb | Corbeille | Papelera",
    "DRAFT": "Drafts | Draft | Entwürfe | Brouillons | Borradores",
    "UNREAD": "Unread | Ungelesen | Non lus | Non lu | No leídos | No leído",
    "STARRED": "Starred | Markiert | Suivis | Messages suivis | Destacados",
    "IMPORTANT": "Important | Wichtig | Importants | Importantes | Importante",
    "CHAT": "Chat | Chats",
    "CATEGORY_PERSONAL": "Personal | Allgemein | Persönlich | Principale | Personnel | Principal",
    "CATEGORY_SOCIAL": "Social | Soziale Netzwerke | Réseaux sociaux | Sociales",
    "CATEGORY_PROMOTIONS": "Promotions | Werbung | Promociones",
    "CATEGORY_UPDATES": "Updates | Benachrichtigungen | Notifications | Notificaciones",
    "CATEGORY_FORUMS": "Forums | Foren | Foros",
}
_CATEGORY = ("category", "kategorie", "catégorie", "categoría")  # "Category Updates", "Kategorie: Werbung"
_AROUND = "\"'„“”«» \u00a0:"


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold().strip()


_BY_NAME = {_folded(name): label for label, names in _NAMES.items() for name in names.split(" | ")}


def system_labels(value: str) -> tuple[str, ...]:
    """Return Gmail's system labels for an X-Gmail-Labels value; the owner's own labels are left out."""
    # Names with a comma in them stand in quotes, as in a line of CSV.
    rows = csv.reader([" ".join(decoded(value).split())], skipinitialspace=True)
    try:
        names = [name for row in rows for name in row]
    except csv.Error:
        names = decoded(value).split(",")
    return tuple(dict.fromkeys(label for label in map(_system_label, names) if label))


def _system_label(name: str) -> str | None:
    folded = _folded(name)
    for prefix in _CATEGORY:
        if folded.startswith(prefix):
            label = _BY_NAME.get(folded.removeprefix(prefix).strip(_AROUND))
            return label if label and label.startswith("CATEGORY_") else None
    label = _BY_NAME.get(folded)
    # "Personal" or "Social" without the word category is a label somebody made.
    return None if label is None or label.startswith("CATEGORY_") else label
