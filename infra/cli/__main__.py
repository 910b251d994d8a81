"""`python -m infra.cli` is `mailroom`."""

from infra.cli import main

if __name__ == "__main__":
    main()
