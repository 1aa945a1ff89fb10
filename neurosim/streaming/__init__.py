"""Streaming: long runs kept on disk, chunk by chunk, which can be killed and resumed.

`to_disk.py` runs, `streamed_run.py` reads.  A folder holds a header (`run_header.py`), numbered chunks, each a result
that `RunResult.load` reads too (`chunks.py` tells which steps are in which), and within a sample a checkpoint
(`checkpoint.py`).  A chunk is written before the checkpoint after it, each to a temporary name, so whatever happens,
what stands there is whole, and the same bytes are written however often a run is stopped.
"""
