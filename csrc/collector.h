/* Sparing the garbage collector rows: pausing it over code that makes many containers and no cycle (free-threaded
 * builds stop every thread to switch it: there it is left alone), and having it forget tuples that hold no container,
 * as it would itself when it first met them (untrack_tuples in CPython's gcmodule.c). */
#ifndef RHO_COLLECTOR_H
#define RHO_COLLECTOR_H

#include <Python.h>

#ifdef Py_GIL_DISABLED
static inline int collector_pause(void) { return 0; }
static inline void collector_resume(int was_on) { (void)was_on; }
#else
static inline int collector_pause(void) { return PyGC_Disable(); }
static inline void collector_resume(int was_on) { if (was_on) PyGC_Enable(); }
#endif

static inline void collector_forget(PyObject *tuple) {
  Py_ssize_t i;
  for (i = 0; i < PyTuple_GET_SIZE(tuple); i++)
    if (PyType_IS_GC(Py_TYPE(PyTuple_GET_ITEM(tuple, i))))
      return;
  PyObject_GC_UnTrack(tuple);
}

#endif
