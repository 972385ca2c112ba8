"""Its being here puts tests/ on the import path: any test can `from support import ...`."""
