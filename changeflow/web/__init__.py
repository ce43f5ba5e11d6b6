"""The pages that links in messages lead to. They work without script, and looking at one changes nothing."""
