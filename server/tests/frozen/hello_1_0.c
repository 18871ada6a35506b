/*
 * The example plugin in C as it was when minor version 0 of the ABI was current, with the header of then beside it. Neither is
 * ever changed: every later server must load what is built of them.
 *
 * A weir plugin in C: GET /datasets/{id}/hello-c greets, and tells what the host says of the dataset.
 */
#include "weir_plugin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

WEIR_PLUGIN_NOTE("{\"abi\":\"1.0\",\"name\":\"hello-c\",\"version\":\"1.0.0\"}");

/* An instance: the host's services. */
typedef struct {
    const WeirHost *host;
} Hello;

/* A body of three pieces, which the host pulls one by one. */
typedef struct {
    char pieces[3][512];
    int next;
} Greeting;

/* Writes why something failed, and returns the code. */
static int32_t fail(WeirErr *err, int32_t code, const char *message) {
    if (err != NULL && err->ptr != NULL) {
        size_t n = strlen(message);
        err->len = n < err->capacity ? n : err->capacity;
        memcpy(err->ptr, message, err->len);
    }
    return code;
}

/* Bytes that live as long as the process have no owner. */
static WeirBytes constant(const char *text) {
    WeirBytes bytes = {(const uint8_t *)text, strlen(text), NULL, NULL};
    return bytes;
}

/* Gives bytes back to the side that made them. */
static void release(WeirBytes bytes) {
    if (bytes.table != NULL) bytes.table->release(bytes.owner);
}

static int32_t create(const WeirHost *host, WeirStr config, void **out, WeirErr *err) {
    (void)config;
    Hello *hello = malloc(sizeof *hello);
    if (hello == NULL) return fail(err, WEIR_E_INTERNAL, "no memory for an instance");
    hello->host = host;
    *out = hello;
    return WEIR_OK;
}

static void destroy(void *instance) {
    free(instance);
}

static int32_t routes(void *instance, WeirBytes *out, WeirErr *err) {
    (void)instance, (void)err;
    *out = constant("GET /datasets/{id}/hello-c\n");
    return WEIR_OK;
}

/* The pieces of the greeting, from what the host says of the open dataset. */
static int32_t greet(const WeirRequest *request, void *dataset, const WeirHost *host, Greeting *greeting, WeirErr *err) {
    WeirBytes generation = {0}, schema = {0};
    int32_t code = host->dataset_generation(dataset, &generation, err);
    if (code != WEIR_OK) return code;
    code = host->dataset_schema(dataset, &schema, err);
    if (code != WEIR_OK) {
        release(generation);
        return code;
    }
    snprintf(greeting->pieces[0], sizeof greeting->pieces[0], "hello from C, dataset %.*s\n",
             (int)(request->dataset.len < 400 ? request->dataset.len : 400), (const char *)request->dataset.ptr);
    snprintf(greeting->pieces[1], sizeof greeting->pieces[1], "generation %.*s\n",
             (int)(generation.len < 400 ? generation.len : 400), (const char *)generation.ptr);
    snprintf(greeting->pieces[2], sizeof greeting->pieces[2], "schema of %zu bytes\n", schema.len);
    release(generation);
    release(schema);
    return WEIR_OK;
}

static int32_t handle(void *instance, const WeirRequest *request, WeirResponse *out, WeirErr *err) {
    const WeirHost *host = ((Hello *)instance)->host;
    void *dataset = NULL;
    int32_t code = host->dataset_open(host->context, request->context, request->dataset, &dataset, err);
    if (code != WEIR_OK) return code;
    Greeting *greeting = calloc(1, sizeof *greeting);
    code = greeting == NULL ? fail(err, WEIR_E_INTERNAL, "no memory for a body")
                            : greet(request, dataset, host, greeting, err);
    host->dataset_close(dataset);
    if (code != WEIR_OK) {
        free(greeting);
        return code;
    }
    out->status = 200;
    out->headers = constant("content-type: text/plain; charset=utf-8\r\n");
    out->body = greeting;
    out->length = -1;
    return WEIR_OK;
}

/*
 * Memory that crosses the boundary is counted, because the host may keep a piece longer than the body, copy the reference, and
 * release it from any thread. The count and the text are one allocation.
 */
typedef struct {
    _Atomic size_t references;
    char text[];
} Counted;

static void counted_retain(void *owner) {
    ((Counted *)owner)->references++;
}

static void counted_release(void *owner) {
    if (--((Counted *)owner)->references == 0) free(owner);
}

static const WeirBytesTable counted_table = {sizeof(WeirBytesTable), counted_retain, counted_release};

static int32_t body_next(void *body, WeirBytes *out, WeirErr *err) {
    Greeting *greeting = body;
    if (greeting->next == 3) return WEIR_END;
    const char *piece = greeting->pieces[greeting->next];
    size_t n = strlen(piece);
    Counted *counted = malloc(sizeof *counted + n);
    if (counted == NULL) return fail(err, WEIR_E_INTERNAL, "no memory for a piece");
    counted->references = 1;
    memcpy(counted->text, piece, n);
    WeirBytes bytes = {(const uint8_t *)counted->text, n, counted, &counted_table};
    *out = bytes;
    greeting->next++;
    return WEIR_OK;
}

static void body_drop(void *body) {
    free(body);
}

WEIR_EXPORT const WeirPlugin weir_plugin_v1 = {
    .size = sizeof(WeirPlugin),
    .abi_major = WEIR_ABI_MAJOR,
    .abi_minor = WEIR_ABI_MINOR,
    .min_host_minor = 0,
    .magic = WEIR_MAGIC,
    .layout_hash = WEIR_LAYOUT_HASH,
    .name = WEIR_LITERAL("hello-c"),
    .version = WEIR_LITERAL("1.0.0"),
    .create = create,
    .destroy = destroy,
    .routes = routes,
    .handle = handle,
    .body_next = body_next,
    .body_drop = body_drop,
};
