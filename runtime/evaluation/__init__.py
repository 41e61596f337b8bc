"""Programs that measure models on data that no training has seen."""
