"""The "Online Retail" books, entered through the bus: app/decisions/0005-importing-online-retail.md."""
