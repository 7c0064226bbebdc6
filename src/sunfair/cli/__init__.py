"""The command line. Heavy rooms are imported inside the commands, so that `--help` answers at once."""

import sys

__all__ = ["main"]


def main() -> None:
    """Run the command line: exit 0 done, 1 false or failed, 2 wrong input, 130 interrupted."""
    from sunfair.cli.commands import app
    from sunfair.errors import InputError, SunfairError

    try:
        app()
    except InputError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    except SunfairError as error:
        print(error, file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(130)
