"""So that `python -m neurosim.cli` is the command `neurosim`."""

from neurosim.cli.app import main

if __name__ == "__main__":
    main()
