"""Measurements that the documentation quotes and the data they run on; nothing that the product imports."""
