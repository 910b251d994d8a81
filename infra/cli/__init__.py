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
    "consume": ("infra.cli.consume", "Capture mail: run as many as you like."),
    "demo": ("infra.cli.demo", "The whole pipeline on this machine, with a sample fund or your own mail."),
    "verify": ("infra.cli.verify", "Compare what is stored with what Gmail lists."),
    "contacts": ("infra.cli.contacts", "Import investors and their addresses from a CSV file."),
    "token": ("infra.cli.token", "Make API tokens."),
    "parse": (
        "infra.cli.parse",
        "Show what mailroom reads in an .eml file or Gmail JSON; no network, no database.",
    ),
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
        command: click.Command = getattr(importlib.import_module(COMMANDS[cmd_name][0]), cmd_name)
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
