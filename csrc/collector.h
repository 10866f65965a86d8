/* Pausing the garbage collector over code that makes many containers and no cycle.
 * Free-threaded builds stop every thread to switch it: there it is left alone. */
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

#endif
