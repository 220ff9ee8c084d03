"""What the simulator asks of the application: each request, its faults, and its record."""
