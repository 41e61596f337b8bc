"""`python -m pipelinegen.local.data.renew_figures FOLDER` renews the committed figures from real listings."""

import sys
from pathlib import Path

from pipelinegen.local.data.figures import FIGURES_FILE, reduce_listings, write_figures
from pipelinegen.local.data.listings import read_listings

if __name__ == "__main__":
    write_figures(reduce_listings(read_listings(Path(sys.argv[1]))), FIGURES_FILE)
