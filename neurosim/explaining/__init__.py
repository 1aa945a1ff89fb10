"""Why a program is as it is: how full, how far from the bounds, what is hot; and what would fit, where it does not."""
