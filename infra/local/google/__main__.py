"""`python -m infra.local.google`: a local Google on one port of this machine."""

import argparse
import signal
import sys

from infra.local.google.server import LocalGoogle

TEACH = """A local Google over HTTP: Gmail's API and batches, consent, tokens, keyless signing, certificates.
/control/ steers it.

    python -m infra.local.google --port 8600

    curl -X POST localhost:8600/control/mailboxes -d '{"email": "ada@example.com"}'
    curl -X POST localhost:8600/control/mailboxes/ada@example.com/messages \\
         -d '{"rawUtf8": "From: b@example.org\\nSubject: hello\\n\\nhello"}'
    curl -X POST localhost:8600/control/service-accounts \\
         -d '{"email": "m@p.iam.gserviceaccount.com", "projectId": "p"}' > key.json

Point a client at it (key.json names the token endpoint already):

    build("gmail", "v1", credentials=Credentials.from_service_account_file("key.json", scopes=[...],
          subject="ada@example.com"), client_options={"api_endpoint": "http://127.0.0.1:8600"})

Let people connect their Gmail (the consent page also takes a form: decision, account, scope):

    curl -X POST localhost:8600/control/oauth-clients -d '{"redirectUris": ["http://127.0.0.1:5000/back"]}'
    curl -i "localhost:8600/o/oauth2/v2/auth?client_id=...&response_type=code&redirect_uri=...&scope=..." \\
         -d decision=allow -d account=ada@example.com

End access while it is used; the token endpoint refuses, and live tokens draw a 401:

    curl -X POST localhost:8600/control/users/ada@example.com/revoke     or password, suspend, delete,
                                                                         restore, session-policy
    curl -X POST localhost:8600/control/delegations/withdraw \\
         -d '{"clientId": "1...", "domain": "example.com"}'
    curl -X POST localhost:8600/control/tokens/expire                    live access tokens end now
    curl localhost:8600/control/token-requests                           who asked for a token, and the answer
    also: oauth-clients/ID, delegations, admin-policy, services, token-errors, token-creators,
          runtime-identity, service-accounts/EMAIL/delete-key and /status

See what happened, turn switches, move the clock:

    curl localhost:8600/control/counters            calls, units, and whose bodies were read
    curl localhost:8600/control/notifications       what was published, or kept when there is no --pubsub-url
    curl localhost:8600/control/settings            every switch; POST {"history_lag_sec": 5} turns one
    curl -X POST localhost:8600/control/clock -d '{"advanceSeconds": 604800}'

The control side asks nobody who they are: keep it on loopback.
"""


def main() -> None:
    """Serve until SIGTERM or Ctrl-C; exit 2 when the port is in use."""
    told = _arguments()
    try:
        google = LocalGoogle(host=told.host, port=told.port, seed=told.seed, pubsub_url=told.pubsub_url)
    except (OSError, OverflowError) as taken:
        why = getattr(taken, "strerror", None) or taken
        sys.stderr.write(f"Cannot listen on {told.host}:{told.port} ({why}): choose another --port\n")
        sys.exit(2)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        sys.stdout.write(f"local Google at {google.url}\n")
        sys.stdout.flush()
        google.run()
    except (KeyboardInterrupt, SystemExit):
        pass
    finally:
        google.close()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "python -m infra.local.google",
        description=TEACH,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
    parser.add_argument("--port", type=int, default=0, help="port to listen on (default: any free one)")
    parser.add_argument("--seed", type=int, default=1, help="same seed, same ids (default: 1)")
    parser.add_argument(
        "--pubsub-url", default="", help="Pub/Sub to publish notifications to (default: keep them)"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
