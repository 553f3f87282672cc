"""The operations of a client, one module per kind of thing; AsyncClient is made of them."""
