"""`python3 -m app`: makes the environment if need be, then hands over to the commands of `app.cli`.

This file is read by whatever Python the machine has, so it must parse under old ones.
"""

import sys

if sys.version_info < (3, 11):
    sys.exit(
        "Counterfoil needs Python 3.11 or newer, and this is Python %d.%d (%s).\n"
        "If a newer one is installed, name it: python3.12 -m app"
        % (sys.version_info[0], sys.version_info[1], sys.executable)
    )

from app.environment import main

if __name__ == "__main__":
    main(sys.argv[1:])
