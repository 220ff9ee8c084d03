"""The edge: what the simulator answers over HTTP. Each view parses, makes one call, and responds."""
