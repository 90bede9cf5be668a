"""A small shop in memory: commands for it, what they lead to, and how its log may be delivered."""
