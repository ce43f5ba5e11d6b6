"""Independent answers: written from the documents alone, with arithmetic of their own, beside the engine's."""
