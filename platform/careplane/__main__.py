"""`python -m careplane` is the command line."""

from careplane.app.cli import main

if __name__ == "__main__":
    main()
