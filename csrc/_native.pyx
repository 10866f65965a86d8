# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, embedsignature=True, binding=True
"""The compiled codec: the twin of ``codec._python``, and the native drain that only C can do.

This file is a shell: one translation unit, one subject a file.
"""

include "literal.pyx"
include "decode.pyx"
include "library.pyx"
include "drain.pyx"
include "async.pyx"
include "models.pyx"
include "statement_abi.pyx"
include "statement_params.pyx"
include "statement_values.pyx"
include "statement.pyx"
include "statement_async.pyx"
include "load.pyx"
