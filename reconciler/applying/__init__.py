"""A plan under a lease, with a journal: what apply and rebuild share."""
