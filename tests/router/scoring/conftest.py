"""Its being here puts this folder on the import path: its tests share family_kit."""
