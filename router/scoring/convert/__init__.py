"""PRMs as SGLang serves them: a folder of safetensors in, another one out. Neither torch nor pickle here.

folder.py        from one folder to the other, whole or not at all
source.py        the folder as it was downloaded, checked
heads.py         what becomes of a head's tensors
safetensors.py   the file format, read and written tensor by tensor
"""

from compute_router.scoring.convert.folder import Converted, convert

__all__ = ["Converted", "convert"]
