"""The network on chip in time: packets in order, through links and buffers that others use too.

    messages.py       who sends what to which core in a step, in which order, after how much work
    mesh.py           links, ports and buffers of a program's routes, in whole picoseconds
    queued_kernel.py  from event to event: packets as a whole, first come first served, back-pressure; its events are
                      in event_queue.py, what happens at links in queued_links.py, its tables in queued_tables.py
    flit_kernel.py    the reference: cycle by cycle, wormhole, credits, round robin
    network_time.py   time of each step under one of the models, and what held it up
    parting.py        the models side by side, and the steps in which they part

`analytic` is neurosim/timing.py: counts alone, so no packet ever waits.
"""
