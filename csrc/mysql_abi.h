/* What the drain needs of the MySQL C API, found at run time in the client library that mysqlclient
 * itself loaded: no client header is read and no client library linked.
 *
 * struct field_info is MYSQL_FIELD's public layout, the same in libmysqlclient 8.0-9.7 (field_types.h,
 * mysql.h) and libmariadb 3.x (mysql.h); the drain checks name_length against the name before use. */
#ifndef RHO_MYSQL_ABI_H
#define RHO_MYSQL_ABI_H

typedef struct field_info {
    char *name, *org_name, *table, *org_table, *db, *catalog, *def;
    unsigned long length, max_length;
    unsigned int name_length, org_name_length, table_length, org_table_length;
    unsigned int db_length, catalog_length, def_length;
    unsigned int flags, decimals, charsetnr;
    int type;
    void *extension;
} field_info;

#define MYSQL_OPT_NONBLOCK 6000 /* libmariadb only */

#ifdef _WIN32
/* mysqlclient's Windows wheels link their client library statically: there is nothing to look in. */
static inline void *abi_open(const char *path) { (void)path; return 0; }
static inline void *abi_symbol(void *library, const char *name) { (void)library; (void)name; return 0; }
static inline void abi_close(void *library) { (void)library; }
#else
#include <dlfcn.h>
static inline void *abi_open(const char *path) { return dlopen(path, RTLD_NOW | RTLD_NOLOAD); }
static inline void *abi_symbol(void *library, const char *name) { return dlsym(library, name); }
static inline void abi_close(void *library) { dlclose(library); }
#endif

#endif
