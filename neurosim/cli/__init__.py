"""The command line: `app.py` names the commands and is the way out, each has its file, and what it prints another."""
