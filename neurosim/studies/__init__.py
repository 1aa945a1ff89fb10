"""Studies: many points of one experiment, evaluated by several processes, kept in one store, and what they show.

`study.py` reads a study file (`axes.py`), `keys.py` knows what an axis may set and `values.py` what no key can be,
`points.py` lists the points (`bayes.py` asks for them), `identity.py` names each by all that determines it,
`evaluate.py` makes its row, `pool.py` and `cluster.py` send points to processes, `store.py` keeps rows, and `sweep.py`
drives them.  `front.py` and `sensitivity.py` read rows.
"""
