"""What the refusals of IAM Credentials and of the metadata server mean for the caller.  Decides only.

IAM answers in Google's plain envelope: a status name, and the reason in its details.
"""

from datetime import timedelta

from shared.errors import CredentialRefused, MailroomError, TryLater
from shared.gmail.failures import read
from shared.gmail.token_failures import CLOCK

BUSY = timedelta(seconds=5)
SWITCHED_OFF = (
    "the IAM Service Account Credentials API is switched off in the project: "
    "enable iamcredentials.googleapis.com"
)
SCOPE = (
    "this machine's identity may not call IAM: give the machine the access scope "
    "https://www.googleapis.com/auth/cloud-platform"
)
ROLE = (
    "this machine's identity may not sign for {account}: grant it Service Account Token Creator "
    "(roles/iam.serviceAccountTokenCreator) on that service account, even if it is the same one"
)
UNKNOWN = (
    "Google knows no service account {account}, or it was deleted or switched off: check CRM_GMAIL_SA_EMAIL"
)
CANNOT = "Google cannot sign for {account}: check CRM_GMAIL_SA_EMAIL, and that the service account is enabled"
NOT_IAM = "what answers at CRM_GMAIL_IAM_URL is not IAM Credentials (it said {status}): correct the address"

# Status, the reason or words of the message, what a person does; the first that fits.
REMEDIES = (
    (400, "exp claim", CLOCK),
    (400, "", CANNOT),
    (403, "SERVICE_DISABLED", SWITCHED_OFF),
    (403, "ACCESS_TOKEN_SCOPE_INSUFFICIENT", SCOPE),
    (403, "", ROLE),
    (404, "", UNKNOWN),
)

NOT_METADATA = "what answers at CRM_GMAIL_METADATA_URL is not Google's metadata server: correct the address"
NO_IDENTITY = (
    "this machine has no service account: attach one, or set CRM_GMAIL_SA_KEY_PATH "
    "in place of CRM_GMAIL_SA_EMAIL"
)
NO_TOKEN = "the metadata server gives no token: check the service account attached to this machine"  # noqa: S105
ELSEWHERE = (
    "Google's metadata server does not answer: CRM_GMAIL_SA_EMAIL works only on machines of Google Cloud; "
    "elsewhere set CRM_GMAIL_SA_KEY_PATH"
)


def iam_failure(status: int, body: bytes, account: str) -> MailroomError:
    """Return what the caller does next after IAM did not sign for the service account *account*."""
    refusal = read(status, body)
    # Not Google's envelope: an address with nothing of Google behind it, or a hiccup on the way.
    elsewhere = not refusal.readable and (300 <= status < 400 or status in {404, 405})  # noqa: PLR2004 - HTTP's own
    if elsewhere:
        return CredentialRefused(NOT_IAM.format(status=status))
    said = f"{refusal.reason} {refusal.detail} {refusal.message}" if refusal.readable else ""
    for known, sign, remedy in REMEDIES:
        if refusal.readable and status == known and sign in said:
            return CredentialRefused(remedy.format(account=account))
    # 401: this machine's token ended early; a new one is asked for.  429, 5xx and the unreadable pass.
    return TryLater(f"IAM answered {status}", after=BUSY)


def metadata_failure(status: int, *, genuine: bool) -> MailroomError:
    """Return what the caller does next after no token came; *genuine*: the metadata server said it is one."""
    if status >= 500 or status in {408, 429}:  # noqa: PLR2004 - HTTP's own border
        return TryLater(f"the metadata server answered {status}", after=BUSY)
    if not genuine:
        return CredentialRefused(NOT_METADATA)
    return CredentialRefused(NO_IDENTITY if status == 404 else NO_TOKEN)  # noqa: PLR2004 - HTTP's own


def no_metadata_server() -> MailroomError:
    """Return what the caller does next when nothing answers under the metadata server's address."""
    return TryLater(ELSEWHERE, after=timedelta(seconds=30))
