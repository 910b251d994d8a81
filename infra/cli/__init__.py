"""The command line: `mailroom`."""

import importlib

import click

# Where each command lives.  Modules are imported when their command is used, so `mailroom --help` is instant.
COMMANDS = {
    "migrate": (
        "infra.cli.migrate",
        "Create or update the tables and views; --down takes all of it out again.",
    ),
    "web": ("infra.cli.web", "Serve the push endpoint, the admin API and the console."),
    "watch": ("infra.cli.watch", "Start and renew Gmail's watches; --once for a scheduler."),
    "pull": ("infra.cli.pull", "Take notifications from Pub/Sub where no public address can be had."),
    "consume": ("infra.cli.consume", "Capture mail: run as many as you like."),
    "demo": ("infra.cli.demo", "The whole pipeline on this machine, with a sample fund or your own mail."),
    "doctor": ("infra.cli.doctor", "Check the set-up and name the grant or setting that is missing."),
    "backfill": ("infra.cli.backfill", "Capture the past of a mailbox: preview, order, follow, cancel."),
    "verify": ("infra.cli.verify", "Compare what is stored with what Gmail lists."),
    "units": ("infra.cli.units", "Show where Gmail's quota units go, by account and method."),
    "contacts": ("infra.cli.contacts", "Import investors and their addresses from a CSV file."),
    "replay": ("infra.cli.replay", "Try messages again that were given up."),
    "rethread": ("infra.cli.rethread", "Work out every conversation anew from stored headers."),
    "views": ("infra.cli.views", "Describe the views the CRM reads, column by column."),
    "exclusions": ("infra.cli.exclusions", "Leave out mail by address, domain, label or mailbox."),
    "token": ("infra.cli.token", "Make, list and revoke API tokens."),
    "key": ("infra.cli.key", "Make, replace and check the keys that seal OAuth grants."),
    "blobs": ("infra.cli.blobs", "Remove what the blob store need not keep."),
    "parse": (
        "infra.cli.parse",
        "Show what mailroom reads in an .eml file or Gmail JSON; no network, no database.",
    ),
    "corpus": (
        "infra.cli.corpus",
        "Compare what mailroom reads in foreign mail with what others read in it.",
    ),
    "fuzz": ("infra.cli.fuzz", "Read damaged mail for minutes, and check what must always hold."),
    "bench-quota": ("infra.cli.bench_quota", "Count what capturing a mailbox costs in quota units."),
    "bench-views": ("infra.cli.bench_views", "Measure the CRM's views at a million messages."),
    "bench": ("infra.cli.bench", "Measure parsing, latency and price on this machine."),
}

TEACH = """Capture a venture fund's Gmail conversations with its investors, and serve them to its CRM.

\b
Try it, nothing needed:     mailroom demo
Your own mail:              mailroom demo --mbox All-mail.mbox --investor ada@lp.example
In production, in order:    mailroom migrate
                            mailroom token create --role admin
                            mailroom contacts import investors.csv
                            mailroom web & mailroom watch & mailroom consume
Is it set up right?         mailroom doctor ada@yourfund.example
What will its past cost?    mailroom backfill --dry-run
Is everything there?        mailroom verify

Settings come from the environment (CRM_GMAIL_...); a command that misses one names it.
"""


class Lazy(click.Group):
    """A group that imports a command's module only when the command is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order a newcomer meets them."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(COMMANDS[cmd_name][0])
        command: click.Command = getattr(module, cmd_name.replace("-", "_"))
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, help_) for name, (_, help_) in COMMANDS.items()])


@click.group(cls=Lazy, help=TEACH, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="mailroom")
@click.option("--debug", is_flag=True, help="Log more; still no mail, no addresses, no secrets.")
def main(debug: bool) -> None:
    """See TEACH."""
    from shared import log

    log.setup(debug=debug)
