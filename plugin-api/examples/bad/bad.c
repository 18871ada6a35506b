/*
 * Plugins that a server must refuse, each made by one -D: NOTE, ENTRY, ABI_MAJOR, MAGIC, LAYOUT, SIZE, NAME, TRAP, UNDEFINED,
 * REFUSE, FAIL, CHATTY, VERSION, NO_NOTE, SHORT_ENTRY. Without any it is a good plugin without routes to datasets. With -D
 * NEEDS it serves its configuration, and is refused unless that has the text NEEDS in it.
 */
#ifdef SHORT_ENTRY
/* The header declares the entry as a table; this plugin defines it as something else. */
#define weir_plugin_v1 declared_by_the_header
#include "weir_plugin.h"
#undef weir_plugin_v1
#else
#include "weir_plugin.h"
#endif

#include <stdio.h>
#include <string.h>

#ifndef NAME
#define NAME "bad"
#endif
#ifndef VERSION
#define VERSION "1.0.0"
#endif
#ifndef NOTE
#define NOTE "{\"abi\":\"1.0\",\"name\":\"bad\",\"version\":\"" VERSION "\"}"
#endif
#ifndef NO_NOTE
WEIR_PLUGIN_NOTE(NOTE);
#endif
#ifndef ENTRY
#define ENTRY weir_plugin_v1
#endif
#ifndef ABI_MAJOR
#define ABI_MAJOR WEIR_ABI_MAJOR
#endif
#ifndef MAGIC
#define MAGIC WEIR_MAGIC
#endif
#ifndef LAYOUT
#define LAYOUT WEIR_LAYOUT_HASH
#endif
#ifndef SIZE
#define SIZE sizeof(WeirPlugin)
#endif

#ifdef TRAP
/* Code that runs as soon as the library is mapped. */
__attribute__((constructor)) static void trap(void) {
    __builtin_trap();
}
#endif

#ifdef UNDEFINED
extern int this_symbol_is_nowhere(void);
#endif

static int32_t fail(WeirErr *err, const char *message) {
    err->len = strlen(message);
    memcpy(err->ptr, message, err->len);
    return WEIR_E_INTERNAL;
}

#ifdef NEEDS
static char configuration[1024];
#endif

static int32_t create(const WeirHost *host, WeirStr config, void **out, WeirErr *err) {
    (void)host, (void)config, (void)err, (void)fail;
#ifdef UNDEFINED
    if (this_symbol_is_nowhere()) return WEIR_E_INTERNAL;
#endif
#ifdef REFUSE
    return fail(err, "no configuration, no service");
#endif
#ifdef NEEDS
    if (config.len >= sizeof configuration) return fail(err, "the configuration is too long");
    memcpy(configuration, config.ptr, config.len);
    if (!strstr(configuration, NEEDS)) return fail(err, "the configuration lacks " NEEDS);
#endif
#ifdef CHATTY
    puts("weir-probe is not the only one who prints");
    printf("a line without an end");
#endif
    static int instance;
    *out = &instance;
    return WEIR_OK;
}

static void destroy(void *instance) {
    (void)instance;
}

static int32_t routes(void *instance, WeirBytes *out, WeirErr *err) {
    (void)instance, (void)err;
    static const char text[] = "GET /bad\n";
    WeirBytes bytes = {(const uint8_t *)text, sizeof text - 1, NULL, NULL};
    *out = bytes;
    return WEIR_OK;
}

static int32_t handle(void *instance, const WeirRequest *request, WeirResponse *out, WeirErr *err) {
    (void)instance, (void)request, (void)err;
#ifdef NEEDS
    const char *text = configuration;
#else
    const char *text = VERSION;
#endif
    WeirBytes bytes = {(const uint8_t *)text, strlen(text), NULL, NULL};
    out->status = 200;
    out->bytes = bytes;
    return WEIR_OK;
}

static int32_t body_next(void *body, WeirBytes *out, WeirErr *err) {
    (void)body, (void)out, (void)err;
    return WEIR_END;
}

static void body_drop(void *body) {
    (void)body;
}

static int32_t self_test(void *instance, WeirErr *err) {
    (void)instance, (void)err;
#ifdef FAIL
    return fail(err, "two and two are five");
#endif
    return WEIR_OK;
}

#ifdef SHORT_ENTRY
WEIR_EXPORT const int weir_plugin_v1 = 1;
void *const used_nowhere_else[] = {create, destroy, routes, handle, body_next, body_drop, self_test};
#else
WEIR_EXPORT extern const WeirPlugin ENTRY;
const WeirPlugin ENTRY = {
    .size = SIZE,
    .abi_major = ABI_MAJOR,
    .abi_minor = WEIR_ABI_MINOR,
    .magic = MAGIC,
    .layout_hash = LAYOUT,
    .name = WEIR_LITERAL(NAME),
    .version = WEIR_LITERAL(VERSION),
    .create = create,
    .destroy = destroy,
    .routes = routes,
    .handle = handle,
    .body_next = body_next,
    .body_drop = body_drop,
    .self_test = self_test,
};
#endif
