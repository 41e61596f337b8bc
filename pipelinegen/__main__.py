"""`python -m pipelinegen`."""

import sys

from pipelinegen.cli import main

sys.exit(main())
