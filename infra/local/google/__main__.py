"""`python -m infra.local.google`: a local Google on one port of this machine."""

import argparse
import signal
import sys

from infra.local.google.server import LocalGoogle

TEACH = """A local Google over HTTP: Gmail's API, /token, /oauth2/v1/certs, and /control/ to steer it.

    python -m infra.local.google --port 8600
    curl -X POST localhost:8600/control/mailboxes -d '{"email": "ada@example.com"}'
    curl -X POST localhost:8600/control/mailboxes/ada@example.com/messages \\
         -d '{"rawUtf8": "From: b@example.org\\n\\nhello"}'
    curl localhost:8600/control/counters
"""


def main() -> None:
    """Serve until SIGTERM or Ctrl-C; exit 2 when the port is in use."""
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
    told = parser.parse_args()
    try:
        google = LocalGoogle(host=told.host, port=told.port, seed=told.seed, pubsub_url=told.pubsub_url)
    except OSError as taken:
        sentence = f"Cannot listen on {told.host}:{told.port} ({taken.strerror}): choose another --port"
        sys.stderr.write(f"{sentence}\n")
        sys.exit(2)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    sys.stdout.write(f"local Google at {google.url}\n")
    sys.stdout.flush()
    try:
        google.run()
    except KeyboardInterrupt:
        pass
    finally:
        google.close()


if __name__ == "__main__":
    main()
