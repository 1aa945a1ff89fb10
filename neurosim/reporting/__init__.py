"""Reports: one self-contained HTML page of a run, a comparison or a study."""
