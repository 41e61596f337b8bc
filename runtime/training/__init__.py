"""The recommender: two towers trained day by day on fresh data only, and exact counts added to them."""
