"""What we add to the scope of an ASGI request: the keys."""

#: The route's template: what metrics may tell of a URL.
TEMPLATE = "reconciler.template"
#: Whose request it is, once that is known.
ACCOUNT = "reconciler.account"
#: The connection, as `Downloads` sees it.
CONNECTION = "reconciler.connection"
