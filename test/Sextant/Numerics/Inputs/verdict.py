"""How the scripts of this folder end."""

import sys


def finish(failures, done, fewest=1):
    """Prints what failed and what was done, as in `12 cases`, and fails unless that is enough and all of it held."""
    print("\n".join(failures))
    print(f"{done}, {len(failures)} failures")
    sys.exit(bool(failures) or int(done.split()[0]) < fewest)
