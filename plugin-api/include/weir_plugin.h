/*
 * What crosses the boundary between weir and a plugin: plain C, ABI major 1.
 *
 * Every table begins with its own size in bytes. Within a major version fields are only ever appended to the end of a
 * table: never moved, retyped or given another meaning. Test a table's size with WEIR_HOLDS before you use a field that
 * came with a later minor version than the one you were built against.
 *
 * - Arguments are borrowed for the call. Only WeirBytes crosses as owned memory, with its owner's retain and release
 *   functions, which may be called from any thread at any time: plugins are never unloaded.
 * - Nothing unwinds across: a plugin in C++ catches everything, or is built with -fno-exceptions.
 * - Functions that can fail return a WEIR_* code and write a message into the caller's WeirErr.
 * - A plugin's functions are called on blocking threads, many at once.
 *
 * Build a plugin with: cc -shared -fPIC -fvisibility=hidden -Wl,-Bsymbolic,-z,nodelete -o name.so name.c
 *
 * Generated from plugin-api/abi/src/lib.rs by `just header`. Do not edit: a changed layout is refused by the server.
 */

#ifndef WEIR_PLUGIN_H
#define WEIR_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

/* The tables below are laid out for 64-bit targets only. */
#if UINTPTR_MAX != 0xffffffffffffffffu
#error "weir plugins are built for 64-bit targets"
#endif

#ifdef __cplusplus
#define WEIR_ASSERT(fact) static_assert(fact, #fact)
#else
#define WEIR_ASSERT(fact) _Static_assert(fact, #fact)
#endif

/* Put it before the definition of `weir_plugin_v1`; everything else stays hidden with -fvisibility=hidden. */
#define WEIR_EXPORT __attribute__((visibility("default")))

/* WeirStr of a string literal. */
#define WEIR_LITERAL(text) {(const uint8_t *)(text), sizeof(text) - 1}

/* Whether `table` is long enough to hold `field`. */
#define WEIR_HOLDS(type, table, field) ((table)->size >= offsetof(type, field) + sizeof((table)->field))

/*
 * The manifest: an ELF note (owner WEIR, type 1) that is read without running any code. Put it once at file level, with
 * JSON such as "{\"abi\":\"1.0\",\"name\":\"hello\",\"version\":\"1.0.0\"}".
 */
#define WEIR_PLUGIN_NOTE(json)                                                                                    \
    static const struct {                                                                                         \
        uint32_t owner_size, description_size, kind;                                                              \
        char owner[8];                                                                                            \
        char description[sizeof(json)];                                                                           \
    } weir_plugin_note __attribute__((used, aligned(4), section(".note.weir.plugin"))) = {                        \
        5, sizeof(json), 1, "WEIR", json}

// Major version: part of the entry symbol's name.
#define WEIR_ABI_MAJOR 1

// Minor version: how many times fields were appended.
#define WEIR_ABI_MINOR 5

// Marks a table as ours: "WEIRPLG1", least significant byte first.
#define WEIR_MAGIC 3550890739066553687

// Done.
#define WEIR_OK 0

// A body has ended.
#define WEIR_END 1

// The client is gone or the deadline has passed; stop working.
#define WEIR_CANCELLED 2

// A fault of the called side (HTTP 500).
#define WEIR_E_INTERNAL -1

// The called side panicked (HTTP 500).
#define WEIR_E_PANIC -2

// What was asked for does not exist (HTTP 404).
#define WEIR_E_NOT_FOUND -3

// The request cannot be understood or does not fit the dataset (HTTP 400).
#define WEIR_E_BAD_REQUEST -4

// A feature or codec that is not built in (HTTP 501).
#define WEIR_E_UNSUPPORTED -5

// More than the configured limit (HTTP 413).
#define WEIR_E_TOO_LARGE -6

// A backend does not answer now, or changed while it was read (HTTP 503).
#define WEIR_E_UNAVAILABLE -7

// Stored data is damaged (HTTP 500).
#define WEIR_E_CORRUPT -8

// Not allowed (HTTP 403).
#define WEIR_E_FORBIDDEN -9

// Too slow (HTTP 504).
#define WEIR_E_TIMEOUT -10

// Response flag: the bytes stay the same as long as the dataset's generation does. The host adds a strong `ETag`, answers
// conditional requests, and may keep small bodies.
#define WEIR_RESPONSE_STABLE 1

// Response flag: the host may serve byte ranges of this body.
#define WEIR_RESPONSE_RANGES 2

// Response flag: this body is worth compressing, although its media type does not tell so. The host compresses responses for
// clients that ask for it: texts, JSON, XML, and bodies with this flag; never those with `WEIR_RESPONSE_RANGES`, nor those
// with a header `content-encoding`. The value `identity` of that header means "leave it alone", and is not sent.
#define WEIR_RESPONSE_COMPRESSIBLE 4

// Response flag, with `WEIR_RESPONSE_STABLE`: making the body took work, so the host may keep it where it is larger than what
// it keeps else.
#define WEIR_RESPONSE_COSTLY 8

// Response flag, since minor version 2: the answer says nothing new, and the client wants to wait until there is something. The
// host keeps it back without holding a thread, and calls `handle` again, with the body as the request's `held`, once the
// dataset may have changed. It sends the answer where the time that it lets requests wait is over. Only for whole bodies of
// UTF-8 text, in answers to requests for a dataset; a host of an older minor version sends them at once.
#define WEIR_RESPONSE_HELD 16

// Flag of `catalog_entries`: what lies in a folder of the one that is asked for is one entry, the folder.
#define WEIR_ENTRIES_FOLDED 1

// State of a chunk's place: it was proven that nothing is stored, so every element is the fill value.
#define WEIR_PLACE_MISSING 0

// State of a chunk's place: a range of a file.
#define WEIR_PLACE_RANGE 1

// State of a chunk's place: no range of any file; the bytes stand in metadata, or were decoded or put together.
#define WEIR_PLACE_ELSEWHERE 2

// Source of a place: the file that the dataset is.
#define WEIR_SOURCE_OWN 0

// Source of a place: the file of the dataset whose id is the source's name.
#define WEIR_SOURCE_DATASET 1

// Source of a place: the URL that is the source's name, which anybody can read.
#define WEIR_SOURCE_URL 2

// Source of a place: a file that has no name for clients.
#define WEIR_SOURCE_UNNAMED 3

// Flag of `dataset_chunk_place`: the stored bytes are wanted, too.
#define WEIR_PLACE_WITH_BYTES 1

// Byte order: least significant byte first.
#define WEIR_ORDER_LITTLE 0

// Byte order: most significant byte first.
#define WEIR_ORDER_BIG 1

// Log level: error.
#define WEIR_LOG_ERROR 1

// Log level: warning.
#define WEIR_LOG_WARN 2

// Log level: information.
#define WEIR_LOG_INFO 3

// Log level: debugging.
#define WEIR_LOG_DEBUG 4

// UTF-8 text, borrowed for the call; not ended by NUL.
typedef struct WeirStr {
    // The first byte; may be null where `len` is 0.
    const uint8_t *ptr;
    // Number of bytes.
    size_t len;
} WeirStr;

// How the owner of a `WeirBytes` counts references; callable from any thread.
typedef struct WeirBytesTable {
    // Size of this table.
    size_t size;
    // One more reference.
    void (*retain)(void *owner);
    // One reference less; the last one frees.
    void (*release)(void *owner);
} WeirBytesTable;

// Bytes with a reference count.
typedef struct WeirBytes {
    // The first byte; may be null where `len` is 0.
    const uint8_t *ptr;
    // Number of bytes.
    size_t len;
    // Given back to the table's functions.
    void *owner;
    // How references are counted; null for bytes that live as long as the process.
    const struct WeirBytesTable *table;
} WeirBytes;

// Where the called side writes what went wrong.
typedef struct WeirErr {
    // Size of this struct.
    size_t size;
    // Room for the message.
    uint8_t *ptr;
    // Bytes of room.
    size_t capacity;
    // Bytes written: UTF-8, cut at `capacity`.
    size_t len;
} WeirErr;

// A hyperslab of a variable: three numbers per axis, slowest axis first.
typedef struct WeirSlab {
    // Size of this struct.
    size_t size;
    // The variable's path.
    struct WeirStr variable;
    // First index of each axis.
    const uint64_t *start;
    // Number of indices of each axis.
    const uint64_t *count;
    // Distance between indices of each axis; at least 1.
    const uint64_t *step;
    // Number of axes.
    uint32_t rank;
    // `WEIR_ORDER_LITTLE` or `WEIR_ORDER_BIG`: the order in which elements are wanted.
    uint32_t order;
} WeirSlab;

// A chunk as it is stored. Arrays of it cross the boundary, so it never grows.
typedef struct WeirChunk {
    // Size of this struct.
    size_t size;
    // 1: `bytes` is the stored chunk. 0: it was proven that nothing is stored, so every element is the fill value.
    uint32_t present;
    // Bit n is set where the variable's n-th codec was not applied to this chunk (HDF5 filter mask).
    uint32_t skipped_codecs;
    // The stored bytes; a trailing checksum was checked and taken off.
    struct WeirBytes bytes;
} WeirChunk;

// Where a chunk is stored. Since minor version 1. The plugin fills `size`, and zeros the rest, before the call.
typedef struct WeirChunkPlace {
    // Size of this struct, as the plugin knows it.
    size_t size;
    // `WEIR_PLACE_*`.
    uint32_t state;
    // Bit n is set where the layout's n-th codec was not applied to this chunk. Where it is not 0, the bytes are not what the
    // layout says.
    uint32_t skipped_codecs;
    // `WEIR_SOURCE_*`, of a range.
    uint32_t source_kind;
    // Zero.
    uint32_t reserved;
    // The first byte of a range.
    uint64_t offset;
    // How many bytes are stored.
    uint64_t length;
    // The source's name, UTF-8, where its kind has one.
    struct WeirBytes source;
    // The bytes exactly as they are stored, checksums and all; empty unless they were wanted.
    struct WeirBytes bytes;
} WeirChunkPlace;

// The original file of a dataset. Since minor version 1. The plugin fills `size`, and zeros the rest, before the call.
typedef struct WeirFile {
    // Size of this struct, as the plugin knows it.
    size_t size;
    // How many bytes it has.
    uint64_t length;
    // When it was last written, in seconds since 1970; the least number where that is not known.
    int64_t modified;
    // 1 where its bytes stay the same as long as the dataset's generation does.
    uint32_t stable;
    // Zero.
    uint32_t reserved;
    // Its name without its folder, UTF-8; empty where it has none.
    struct WeirBytes name;
    // The URL under which anybody can read it elsewhere, UTF-8; empty where there is none.
    struct WeirBytes url;
} WeirFile;

// The host's services. Handles are the host's own pointers.
typedef struct WeirHost {
    // Size of this table.
    size_t size;
    // The host's major version.
    uint32_t abi_major;
    // The host's minor version.
    uint32_t abi_minor;
    // Given back to the services below.
    void *context;
    // Writes a log line; `request` may be null.
    void (*log)(void *context, void *request, uint32_t level, struct WeirStr target, struct WeirStr message);
    // Adds to one of the plugin's counters.
    void (*metric_add)(void *context, struct WeirStr name, double value);
    // 1 where the work for `request` is not wanted any more.
    uint32_t (*cancelled)(void *request);
    // Milliseconds until the request's deadline; the largest number where there is none.
    uint64_t (*deadline_ms)(void *request);
    // The next piece of the request's body, or `WEIR_END`.
    int32_t (*request_body_next)(void *request, struct WeirBytes *out, struct WeirErr *err);
    // Refuses a response of `bytes` bytes where that is more than the site allows. Ask before reading.
    int32_t (*admit)(void *context, void *request, uint64_t bytes, struct WeirErr *err);
    // Lends the dataset called `id`; give it back with `dataset_close`. Since minor version 3 `request` may be null: the dataset is
    // then lent to work that nobody waits for.
    int32_t (*dataset_open)(void *context, void *request, struct WeirStr id, void **out, struct WeirErr *err);
    // Gives a dataset back.
    void (*dataset_close)(void *dataset);
    // The ids that begin with `prefix` and sort behind `after`: at most `limit`, as a JSON array of strings.
    int32_t (*dataset_list)(void *context,
                            struct WeirStr prefix,
                            struct WeirStr after,
                            uint32_t limit,
                            struct WeirBytes *out,
                            struct WeirErr *err);
    // The schema as a JSON document (see the plugin guide).
    int32_t (*dataset_schema)(void *dataset, struct WeirBytes *out, struct WeirErr *err);
    // The generation: text that changes whenever the data may have changed.
    int32_t (*dataset_generation)(void *dataset, struct WeirBytes *out, struct WeirErr *err);
    // Reads elements of a fixed size into `buffer`, whose length must be exactly elements times size.
    int32_t (*dataset_read)(void *dataset,
                            const struct WeirSlab *slab,
                            uint8_t *buffer,
                            size_t length,
                            struct WeirErr *err);
    // Reads elements of varying size, such as strings: for each, the length of its packed form as 8 bytes, least significant
    // first, then its packed form. That of a string is its bytes; of a sequence, its elements one after the other; of a
    // compound with such a field, its fields without padding. Inside of something else, a string or sequence has a count (8
    // bytes, least significant first) before it: of its bytes, or of its elements. Numbers are least significant byte first.
    int32_t (*dataset_read_strings)(void *dataset,
                                    const struct WeirSlab *slab,
                                    struct WeirBytes *out,
                                    struct WeirErr *err);
    // Proves that every chunk of the slab can be decoded; afterwards a read of it fails only if the disk does.
    int32_t (*dataset_verify)(void *dataset, const struct WeirSlab *slab, struct WeirErr *err);
    // One chunk as it is stored; `index` has `rank` numbers.
    int32_t (*dataset_chunk)(void *dataset,
                             struct WeirStr variable,
                             const uint64_t *index,
                             uint32_t rank,
                             struct WeirChunk *out,
                             struct WeirErr *err);
    // `count` chunks of one variable, fetched at the same time: `indexes` holds `count` times `rank` numbers, `out` has room
    // for `count` chunks. Where one fails, none is given.
    int32_t (*dataset_chunks)(void *dataset,
                              struct WeirStr variable,
                              const uint64_t *indexes,
                              uint32_t rank,
                              size_t count,
                              struct WeirChunk *out,
                              struct WeirErr *err);
    // Memory of the host's, for a body: returns where to write, or null. `out` owns it.
    uint8_t *(*bytes_alloc)(void *context, size_t length, struct WeirBytes *out);
    // Since minor version 1. How a variable's stored bytes are laid out, for those who pass them on as they are: a JSON object
    // with the members `chunk_shape`, `codecs`, `big_endian` and `fill` of a variable in the schema document. Its chunks may
    // be others than the schema's; each is whole, and one range of a file. `WEIR_E_UNSUPPORTED` says why there is none. A host of
    // minor version 0 has a smaller table, which ends before this field.
    int32_t (*dataset_layout)(void *dataset, struct WeirStr variable, struct WeirBytes *out, struct WeirErr *err);
    // Since minor version 1. Where a chunk of the layout is stored; `index` has `rank` numbers, `flags` are
    // `WEIR_PLACE_WITH_*`. Without flags nothing of the data is read.
    int32_t (*dataset_chunk_place)(void *dataset,
                                   struct WeirStr variable,
                                   const uint64_t *index,
                                   uint32_t rank,
                                   uint32_t flags,
                                   struct WeirChunkPlace *out,
                                   struct WeirErr *err);
    // Since minor version 1. The original file of a dataset; `WEIR_E_NOT_FOUND` where it is not one file.
    int32_t (*dataset_file)(void *dataset, struct WeirFile *out, struct WeirErr *err);
    // Since minor version 1. Reads exactly `length` bytes of the original file from `offset` on, all of one state of it.
    int32_t (*dataset_file_read)(void *dataset, uint64_t offset, uint8_t *buffer, size_t length, struct WeirErr *err);
    // Since minor version 3. A number that is another one whenever datasets came or went.
    uint64_t (*catalog_version)(void *context);
    // Since minor version 3. As `dataset_list`, with what is known without opening a dataset: a JSON array of objects with the
    // members `id`, `bytes` and `modified` (seconds since 1970; both absent where they are not known). With
    // `WEIR_ENTRIES_FOLDED`, `prefix` is a folder (empty, or ending with a slash), and each folder in it is one object with
    // the member `folder`, its path with a slash at its end.
    int32_t (*catalog_entries)(void *context,
                               struct WeirStr prefix,
                               struct WeirStr after,
                               uint32_t limit,
                               uint32_t flags,
                               struct WeirBytes *out,
                               struct WeirErr *err);
    // Since minor version 3. What the server is, and what its plugins serve, as a JSON document (see the plugin guide); not
    // before all plugins were created.
    int32_t (*server_facts)(void *context, struct WeirBytes *out, struct WeirErr *err);
    // Since minor version 4. What is not served although it was meant to be, as a JSON object with the members `datasets`
    // (that cannot be opened), `files` (that are no datasets) and `plugins` (that were refused): arrays of objects with the
    // members `name` and `reason`.
    int32_t (*server_troubles)(void *context, struct WeirBytes *out, struct WeirErr *err);
    // Since minor version 5. Makes known a dataset that this plugin answers for, by the functions `published_*` of its table, from
    // `length` bytes at `recipe`, which mean what the plugin wants. It lives until nobody has asked for it for `seconds`, or
    // without an end where that is the largest number. To publish it again with the same recipe renews it; with another one,
    // it is another dataset from then on. `WEIR_E_BAD_REQUEST` for an id that something else has, or that is none;
    // `WEIR_E_TOO_LARGE` for a recipe that is too long; `WEIR_E_UNAVAILABLE` where there are as many as may be.
    int32_t (*dataset_publish)(void *context,
                               struct WeirStr id,
                               const uint8_t *recipe,
                               size_t length,
                               uint64_t seconds,
                               struct WeirErr *err);
    // Since minor version 5. Ends a dataset that this plugin published; what was opened of it may be used on.
    // `WEIR_E_NOT_FOUND` where there is none.
    int32_t (*dataset_withdraw)(void *context, struct WeirStr id, struct WeirErr *err);
} WeirHost;

// One HTTP header.
typedef struct WeirHeader {
    // The name, as received.
    struct WeirStr name;
    // The value, as received.
    struct WeirStr value;
} WeirHeader;

// A request, valid for the call that it is passed to.
typedef struct WeirRequest {
    // Size of this struct.
    size_t size;
    // `GET`, `HEAD`, ...
    struct WeirStr method;
    // The path, as received.
    struct WeirStr path;
    // The query, as received, without the question mark.
    struct WeirStr query;
    // The headers.
    const struct WeirHeader *headers;
    // Number of headers.
    size_t n_headers;
    // The request's id, for logs and error bodies.
    struct WeirStr id;
    // The public base URL of the server, without a trailing slash.
    struct WeirStr base_url;
    // The dataset's id, percent-decoded; empty for a server-wide route.
    struct WeirStr dataset;
    // What `{rest}` of the route stands for, percent-decoded; empty without one.
    struct WeirStr rest;
    // Which of the plugin's routes matched: its place in the list that `routes` returned.
    uint32_t route;
    // Zero.
    uint32_t reserved;
    // The host's handle of this request, for its services.
    void *context;
    // Since minor version 2. The body of the plugin's answer to this very request that the host kept back
    // (`WEIR_RESPONSE_HELD`); empty where it kept none.
    struct WeirStr held;
} WeirRequest;

// What a plugin answers. The host fills `size`, and zeros the rest, before the call.
typedef struct WeirResponse {
    // Size of this struct, as the host knows it.
    size_t size;
    // The HTTP status of a success (200 to 399). Failures are returned as codes: the host chooses their status.
    uint32_t status;
    // `WEIR_RESPONSE_*`.
    uint32_t flags;
    // Headers, as `name: value\r\n` lines.
    struct WeirBytes headers;
    // The whole body, if `body` is null.
    struct WeirBytes bytes;
    // A body to be pulled with `body_next`, or null.
    void *body;
    // The length of a pulled body, or -1.
    int64_t length;
} WeirResponse;

// A published dataset, of which the host wants something. Since minor version 5. Valid for the call that it is passed to.
typedef struct WeirPublished {
    // Size of this struct.
    size_t size;
    // The id under which it is published.
    struct WeirStr id;
    // What it was published with: the first byte; may be null where `recipe_length` is 0.
    const uint8_t *recipe;
    // Number of bytes.
    size_t recipe_length;
    // The generation that is wanted; for `published_describe`, the one that the host knows, or empty.
    struct WeirStr generation;
    // The host's handle of the request, for its services. Datasets that are opened with it count as parts of this one: what
    // is made of itself is refused, and so is what is made of too many one behind the other.
    void *context;
} WeirPublished;

// A plugin. Exported as a data symbol, so reading it runs no code.
typedef struct WeirPlugin {
    // Size of this table.
    size_t size;
    // `WEIR_ABI_MAJOR` that it was built against.
    uint32_t abi_major;
    // `WEIR_ABI_MINOR` that it was built against.
    uint32_t abi_minor;
    // The least minor version of a host that it can live with.
    uint32_t min_host_minor;
    // Zero.
    uint32_t flags;
    // `WEIR_MAGIC`.
    uint64_t magic;
    // `WEIR_LAYOUT_HASH` that it was built against: tells an edited header or another target.
    uint64_t layout_hash;
    // The name: lower case, unique in a server; configuration and metrics use it.
    struct WeirStr name;
    // The version, for people.
    struct WeirStr version;
    // Makes an instance from JSON configuration text. `host` stays valid for ever.
    int32_t (*create)(const struct WeirHost *host, struct WeirStr config, void **out, struct WeirErr *err);
    // Ends an instance; bodies and bytes it handed out may outlive it.
    void (*destroy)(void *instance);
    // The routes: one `METHOD[,METHOD] pattern` a line. A pattern is a path in which `{id}`, the id of a dataset, may stand once
    // at the beginning of a segment (`/datasets/{id}/name`, `/name/{id}.suffix`, `/name/{id}`), and `{rest}`, everything
    // below, as the last segment. `HEAD` comes with `GET`.
    int32_t (*routes)(void *instance, struct WeirBytes *out, struct WeirErr *err);
    // Answers a request.
    int32_t (*handle)(void *instance, const struct WeirRequest *request, struct WeirResponse *out, struct WeirErr *err);
    // Optional: the protocol's own error body for a status that the host has chosen.
    int32_t (*render_error)(void *instance,
                            const struct WeirRequest *request,
                            uint32_t status,
                            struct WeirStr message,
                            struct WeirResponse *out,
                            struct WeirErr *err);
    // The next piece of a body, or `WEIR_END`.
    int32_t (*body_next)(void *body, struct WeirBytes *out, struct WeirErr *err);
    // Ends a body.
    void (*body_drop)(void *body);
    // Optional: run once after `create`.
    int32_t (*self_test)(void *instance, struct WeirErr *err);
    // Since minor version 1. Optional: restricts a body of a known length, of a response with `WEIR_RESPONSE_RANGES`, to
    // `length` bytes from `offset` on, before its first piece is pulled. Where it fails the body is as before.
    int32_t (*body_range)(void *body, uint64_t offset, uint64_t length, struct WeirErr *err);
    // Since minor version 3. Optional: what the routes are for, as a JSON array with one object for each route, in their order. Its
    // members, which may be left out: `summary` (text), `parameters` (objects of OpenAPI 3.1) and `responses` (an object
    // of OpenAPI 3.1).
    int32_t (*describe)(void *instance, struct WeirBytes *out, struct WeirErr *err);
    // Since minor version 5. Optional, and needed of those that publish datasets: what a published dataset holds now, as a schema
    // document (see the plugin guide), and its generation, text that changes with whatever it is made of. The schema is left
    // empty where the generation is the one that the host knows. Variables have no codecs; their chunks are those in which
    // they are best asked for. It is called often, and should take little time.
    int32_t (*published_describe)(void *instance,
                                  const struct WeirPublished *published,
                                  struct WeirBytes *generation,
                                  struct WeirBytes *schema,
                                  struct WeirErr *err);
    // Since minor version 5. Optional, as above: elements of a fixed size, row-major, into `buffer`, all `length` bytes of it, of the
    // generation that is wanted; `WEIR_E_UNAVAILABLE` where there is another by now.
    int32_t (*published_read)(void *instance,
                              const struct WeirPublished *published,
                              const struct WeirSlab *slab,
                              uint8_t *buffer,
                              size_t length,
                              struct WeirErr *err);
    // Since minor version 5. Optional: elements of varying size, as `dataset_read_strings` gives them.
    int32_t (*published_read_strings)(void *instance,
                                      const struct WeirPublished *published,
                                      const struct WeirSlab *slab,
                                      struct WeirBytes *out,
                                      struct WeirErr *err);
    // Since minor version 5. Optional: how many bytes of memory `published_read` takes for a hyperslab, beside the buffer, and beside
    // what the host takes to read of other datasets for it. Without it, none.
    int32_t (*published_memory)(void *instance,
                                const struct WeirPublished *published,
                                const struct WeirSlab *slab,
                                uint64_t *out,
                                struct WeirErr *err);
} WeirPlugin;

/* Changes with any size or offset of minor version 0's tables; goes into WeirPlugin.layout_hash. */
#define WEIR_LAYOUT_HASH UINT64_C(0x9ca30c9d4618600d)

/* The symbol that a plugin exports: WEIR_EXPORT const WeirPlugin weir_plugin_v1 = {...}; */
#ifdef __cplusplus
extern "C" {
#endif
extern WEIR_EXPORT const WeirPlugin weir_plugin_v1;
#ifdef __cplusplus
}
#endif

/* The layout that the server was built with. */
WEIR_ASSERT(sizeof(WeirStr) == 16);
WEIR_ASSERT(offsetof(WeirStr, ptr) == 0);
WEIR_ASSERT(offsetof(WeirStr, len) == 8);
WEIR_ASSERT(sizeof(WeirHeader) == 32);
WEIR_ASSERT(offsetof(WeirHeader, name) == 0);
WEIR_ASSERT(offsetof(WeirHeader, value) == 16);
WEIR_ASSERT(sizeof(WeirBytesTable) == 24);
WEIR_ASSERT(offsetof(WeirBytesTable, size) == 0);
WEIR_ASSERT(offsetof(WeirBytesTable, retain) == 8);
WEIR_ASSERT(offsetof(WeirBytesTable, release) == 16);
WEIR_ASSERT(sizeof(WeirBytes) == 32);
WEIR_ASSERT(offsetof(WeirBytes, ptr) == 0);
WEIR_ASSERT(offsetof(WeirBytes, len) == 8);
WEIR_ASSERT(offsetof(WeirBytes, owner) == 16);
WEIR_ASSERT(offsetof(WeirBytes, table) == 24);
WEIR_ASSERT(sizeof(WeirErr) == 32);
WEIR_ASSERT(offsetof(WeirErr, size) == 0);
WEIR_ASSERT(offsetof(WeirErr, ptr) == 8);
WEIR_ASSERT(offsetof(WeirErr, capacity) == 16);
WEIR_ASSERT(offsetof(WeirErr, len) == 24);
WEIR_ASSERT(sizeof(WeirRequest) == 168);
WEIR_ASSERT(offsetof(WeirRequest, size) == 0);
WEIR_ASSERT(offsetof(WeirRequest, method) == 8);
WEIR_ASSERT(offsetof(WeirRequest, path) == 24);
WEIR_ASSERT(offsetof(WeirRequest, query) == 40);
WEIR_ASSERT(offsetof(WeirRequest, headers) == 56);
WEIR_ASSERT(offsetof(WeirRequest, n_headers) == 64);
WEIR_ASSERT(offsetof(WeirRequest, id) == 72);
WEIR_ASSERT(offsetof(WeirRequest, base_url) == 88);
WEIR_ASSERT(offsetof(WeirRequest, dataset) == 104);
WEIR_ASSERT(offsetof(WeirRequest, rest) == 120);
WEIR_ASSERT(offsetof(WeirRequest, route) == 136);
WEIR_ASSERT(offsetof(WeirRequest, reserved) == 140);
WEIR_ASSERT(offsetof(WeirRequest, context) == 144);
WEIR_ASSERT(offsetof(WeirRequest, held) == 152);
WEIR_ASSERT(sizeof(WeirSlab) == 56);
WEIR_ASSERT(offsetof(WeirSlab, size) == 0);
WEIR_ASSERT(offsetof(WeirSlab, variable) == 8);
WEIR_ASSERT(offsetof(WeirSlab, start) == 24);
WEIR_ASSERT(offsetof(WeirSlab, count) == 32);
WEIR_ASSERT(offsetof(WeirSlab, step) == 40);
WEIR_ASSERT(offsetof(WeirSlab, rank) == 48);
WEIR_ASSERT(offsetof(WeirSlab, order) == 52);
WEIR_ASSERT(sizeof(WeirPublished) == 64);
WEIR_ASSERT(offsetof(WeirPublished, size) == 0);
WEIR_ASSERT(offsetof(WeirPublished, id) == 8);
WEIR_ASSERT(offsetof(WeirPublished, recipe) == 24);
WEIR_ASSERT(offsetof(WeirPublished, recipe_length) == 32);
WEIR_ASSERT(offsetof(WeirPublished, generation) == 40);
WEIR_ASSERT(offsetof(WeirPublished, context) == 56);
WEIR_ASSERT(sizeof(WeirChunk) == 48);
WEIR_ASSERT(offsetof(WeirChunk, size) == 0);
WEIR_ASSERT(offsetof(WeirChunk, present) == 8);
WEIR_ASSERT(offsetof(WeirChunk, skipped_codecs) == 12);
WEIR_ASSERT(offsetof(WeirChunk, bytes) == 16);
WEIR_ASSERT(sizeof(WeirChunkPlace) == 104);
WEIR_ASSERT(offsetof(WeirChunkPlace, size) == 0);
WEIR_ASSERT(offsetof(WeirChunkPlace, state) == 8);
WEIR_ASSERT(offsetof(WeirChunkPlace, skipped_codecs) == 12);
WEIR_ASSERT(offsetof(WeirChunkPlace, source_kind) == 16);
WEIR_ASSERT(offsetof(WeirChunkPlace, reserved) == 20);
WEIR_ASSERT(offsetof(WeirChunkPlace, offset) == 24);
WEIR_ASSERT(offsetof(WeirChunkPlace, length) == 32);
WEIR_ASSERT(offsetof(WeirChunkPlace, source) == 40);
WEIR_ASSERT(offsetof(WeirChunkPlace, bytes) == 72);
WEIR_ASSERT(sizeof(WeirFile) == 96);
WEIR_ASSERT(offsetof(WeirFile, size) == 0);
WEIR_ASSERT(offsetof(WeirFile, length) == 8);
WEIR_ASSERT(offsetof(WeirFile, modified) == 16);
WEIR_ASSERT(offsetof(WeirFile, stable) == 24);
WEIR_ASSERT(offsetof(WeirFile, reserved) == 28);
WEIR_ASSERT(offsetof(WeirFile, name) == 32);
WEIR_ASSERT(offsetof(WeirFile, url) == 64);
WEIR_ASSERT(sizeof(WeirResponse) == 96);
WEIR_ASSERT(offsetof(WeirResponse, size) == 0);
WEIR_ASSERT(offsetof(WeirResponse, status) == 8);
WEIR_ASSERT(offsetof(WeirResponse, flags) == 12);
WEIR_ASSERT(offsetof(WeirResponse, headers) == 16);
WEIR_ASSERT(offsetof(WeirResponse, bytes) == 48);
WEIR_ASSERT(offsetof(WeirResponse, body) == 80);
WEIR_ASSERT(offsetof(WeirResponse, length) == 88);
WEIR_ASSERT(sizeof(WeirHost) == 240);
WEIR_ASSERT(offsetof(WeirHost, size) == 0);
WEIR_ASSERT(offsetof(WeirHost, abi_major) == 8);
WEIR_ASSERT(offsetof(WeirHost, abi_minor) == 12);
WEIR_ASSERT(offsetof(WeirHost, context) == 16);
WEIR_ASSERT(offsetof(WeirHost, log) == 24);
WEIR_ASSERT(offsetof(WeirHost, metric_add) == 32);
WEIR_ASSERT(offsetof(WeirHost, cancelled) == 40);
WEIR_ASSERT(offsetof(WeirHost, deadline_ms) == 48);
WEIR_ASSERT(offsetof(WeirHost, request_body_next) == 56);
WEIR_ASSERT(offsetof(WeirHost, admit) == 64);
WEIR_ASSERT(offsetof(WeirHost, dataset_open) == 72);
WEIR_ASSERT(offsetof(WeirHost, dataset_close) == 80);
WEIR_ASSERT(offsetof(WeirHost, dataset_list) == 88);
WEIR_ASSERT(offsetof(WeirHost, dataset_schema) == 96);
WEIR_ASSERT(offsetof(WeirHost, dataset_generation) == 104);
WEIR_ASSERT(offsetof(WeirHost, dataset_read) == 112);
WEIR_ASSERT(offsetof(WeirHost, dataset_read_strings) == 120);
WEIR_ASSERT(offsetof(WeirHost, dataset_verify) == 128);
WEIR_ASSERT(offsetof(WeirHost, dataset_chunk) == 136);
WEIR_ASSERT(offsetof(WeirHost, dataset_chunks) == 144);
WEIR_ASSERT(offsetof(WeirHost, bytes_alloc) == 152);
WEIR_ASSERT(offsetof(WeirHost, dataset_layout) == 160);
WEIR_ASSERT(offsetof(WeirHost, dataset_chunk_place) == 168);
WEIR_ASSERT(offsetof(WeirHost, dataset_file) == 176);
WEIR_ASSERT(offsetof(WeirHost, dataset_file_read) == 184);
WEIR_ASSERT(offsetof(WeirHost, catalog_version) == 192);
WEIR_ASSERT(offsetof(WeirHost, catalog_entries) == 200);
WEIR_ASSERT(offsetof(WeirHost, server_facts) == 208);
WEIR_ASSERT(offsetof(WeirHost, server_troubles) == 216);
WEIR_ASSERT(offsetof(WeirHost, dataset_publish) == 224);
WEIR_ASSERT(offsetof(WeirHost, dataset_withdraw) == 232);
WEIR_ASSERT(sizeof(WeirPlugin) == 184);
WEIR_ASSERT(offsetof(WeirPlugin, size) == 0);
WEIR_ASSERT(offsetof(WeirPlugin, abi_major) == 8);
WEIR_ASSERT(offsetof(WeirPlugin, abi_minor) == 12);
WEIR_ASSERT(offsetof(WeirPlugin, min_host_minor) == 16);
WEIR_ASSERT(offsetof(WeirPlugin, flags) == 20);
WEIR_ASSERT(offsetof(WeirPlugin, magic) == 24);
WEIR_ASSERT(offsetof(WeirPlugin, layout_hash) == 32);
WEIR_ASSERT(offsetof(WeirPlugin, name) == 40);
WEIR_ASSERT(offsetof(WeirPlugin, version) == 56);
WEIR_ASSERT(offsetof(WeirPlugin, create) == 72);
WEIR_ASSERT(offsetof(WeirPlugin, destroy) == 80);
WEIR_ASSERT(offsetof(WeirPlugin, routes) == 88);
WEIR_ASSERT(offsetof(WeirPlugin, handle) == 96);
WEIR_ASSERT(offsetof(WeirPlugin, render_error) == 104);
WEIR_ASSERT(offsetof(WeirPlugin, body_next) == 112);
WEIR_ASSERT(offsetof(WeirPlugin, body_drop) == 120);
WEIR_ASSERT(offsetof(WeirPlugin, self_test) == 128);
WEIR_ASSERT(offsetof(WeirPlugin, body_range) == 136);
WEIR_ASSERT(offsetof(WeirPlugin, describe) == 144);
WEIR_ASSERT(offsetof(WeirPlugin, published_describe) == 152);
WEIR_ASSERT(offsetof(WeirPlugin, published_read) == 160);
WEIR_ASSERT(offsetof(WeirPlugin, published_read_strings) == 168);
WEIR_ASSERT(offsetof(WeirPlugin, published_memory) == 176);

#endif  /* WEIR_PLUGIN_H */
