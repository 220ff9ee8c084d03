"""What a recorded message costs: measured beside plainer programs in one run (`python -m bench`), and with workers killed."""
