"""Services: who leads them, what is agreed, and what happens to their posts."""
