"""The read models: one folder a bounded context, one file a view."""
