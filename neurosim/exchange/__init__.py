"""Networks and spikes from and to other tools: NIR, SANA-FE, Brian2, CSV, Neo."""
