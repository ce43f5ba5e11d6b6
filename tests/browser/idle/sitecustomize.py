"""Let calculations of a server wait until it ends: pages then show them running, and nothing is calculated for them."""

import os
import sys
import time

PAUSE = 0.2

if sys.orig_argv[1:3] == ["-m", "changeflow"] and sys.orig_argv[3:4] in (["level"], ["waves"]):
    parent = os.getppid()
    while os.getppid() == parent:
        time.sleep(PAUSE)
    raise SystemExit
