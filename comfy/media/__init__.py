"""What people give us and what servers give back: opened, bounded and made plain."""
