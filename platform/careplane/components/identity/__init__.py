"""Identity: users with roles, sign-in, the platform's signing keys and the tokens made with them."""
