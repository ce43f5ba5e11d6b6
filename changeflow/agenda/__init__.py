"""What is due: programme and a moment in, due things out. Pure: a tick can run twice, a missed day is caught up."""
