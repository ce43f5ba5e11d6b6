"""Services: who leads them, what is agreed, what may be asked of them."""
