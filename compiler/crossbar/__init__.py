"""Crossbar: compiling for chips whose cores are crossbars of axons and neurons, such as TrueNorth."""
