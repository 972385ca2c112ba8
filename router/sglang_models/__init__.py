"""Classes for SGLang itself: its servers load them where SGLANG_EXTERNAL_MODEL_PACKAGE=router.sglang_models.

qwen2.py   the two classes that serve converted PRMs, in versions of SGLang that cannot load their weights
"""
