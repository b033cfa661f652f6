"""Run the command line as ``python -m psfbridge.cli``."""

import sys

from psfbridge.cli import main

if __name__ == "__main__":
    sys.exit(main())
