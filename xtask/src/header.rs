//! The C header of the plugin ABI, generated from `plugin-api/abi` so that the two cannot differ.

use std::fmt::Write as _;
use std::mem::{offset_of, size_of};
use std::path::Path;

use cbindgen::{Builder, DocumentationStyle, Language, Style};
use weir_plugin_abi::{
    WEIR_LAYOUT_HASH, WeirBytes, WeirBytesTable, WeirChunk, WeirChunkPlace, WeirErr, WeirFile, WeirHeader,
    WeirHost, WeirPlugin, WeirPublished, WeirRequest, WeirResponse, WeirSlab, WeirStr,
};

/// Where the header is kept, below the repository's root.
pub const PATH: &str = "plugin-api/include/weir_plugin.h";

/// The end of the include guard.
const CLOSING: &str = "#endif  /* WEIR_PLUGIN_H */";

const OPENING: &str = "\
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
 */";

/// Written by hand: what a plugin in C needs and Rust constants cannot say.
const MACROS: &str = "\
/* The tables below are laid out for 64-bit targets only. */
#if UINTPTR_MAX != 0xffffffffffffffffu
#error \"weir plugins are built for 64-bit targets\"
#endif

#ifdef __cplusplus
#define WEIR_ASSERT(fact) static_assert(fact, #fact)
#else
#define WEIR_ASSERT(fact) _Static_assert(fact, #fact)
#endif

/* Put it before the definition of `weir_plugin_v1`; everything else stays hidden with -fvisibility=hidden. */
#define WEIR_EXPORT __attribute__((visibility(\"default\")))

/* WeirStr of a string literal. */
#define WEIR_LITERAL(text) {(const uint8_t *)(text), sizeof(text) - 1}

/* Whether `table` is long enough to hold `field`. */
#define WEIR_HOLDS(type, table, field) ((table)->size >= offsetof(type, field) + sizeof((table)->field))

/*
 * The manifest: an ELF note (owner WEIR, type 1) that is read without running any code. Put it once at file level, with
 * JSON such as \"{\\\"abi\\\":\\\"1.0\\\",\\\"name\\\":\\\"hello\\\",\\\"version\\\":\\\"1.0.0\\\"}\".
 */
#define WEIR_PLUGIN_NOTE(json)                                                                                    \\
    static const struct {                                                                                         \\
        uint32_t owner_size, description_size, kind;                                                              \\
        char owner[8];                                                                                            \\
        char description[sizeof(json)];                                                                           \\
    } weir_plugin_note __attribute__((used, aligned(4), section(\".note.weir.plugin\"))) = {                        \\
        5, sizeof(json), 1, \"WEIR\", json}";

/// Facts of one table: its size, and where each of its fields lies. The pattern fails to compile where a field is left out.
macro_rules! facts {
    ($out:expr, $table:ident { $($field:ident),+ $(,)? }) => {{
        const _: fn($table) = |$table { $($field: _),+ }| ();
        let name = stringify!($table);
        let _ = writeln!($out, "WEIR_ASSERT(sizeof({name}) == {});", size_of::<$table>());
        $(let _ = writeln!($out, "WEIR_ASSERT(offsetof({name}, {}) == {});", stringify!($field), offset_of!($table, $field));)+
    }};
}

/// The header's text.
///
/// # Errors
/// Where the ABI crate cannot be read or parsed.
pub fn generate(root: &Path) -> Result<String, String> {
    let source = root.join("plugin-api/abi/src/lib.rs");
    let bindings = Builder::new().with_config(config()).with_src(source).generate();
    let bindings = bindings.map_err(|error| format!("cbindgen: {error}"))?;
    let mut written = Vec::new();
    bindings.write(&mut written);
    let text = String::from_utf8(written).map_err(|error| format!("cbindgen wrote no text: {error}"))?;
    // Links of rustdoc mean nothing in C.
    let text = text.replace("[`", "`").replace("`]", "`");
    let inside = text.trim_end().strip_suffix(CLOSING);
    let inside = inside.ok_or_else(|| format!("cbindgen's text does not end with {CLOSING:?}"))?;
    Ok(format!("{}\n\n{}\n{CLOSING}\n", inside.trim_end(), trailer()))
}

fn config() -> cbindgen::Config {
    let exclude = ["ENTRY_SYMBOL", "NOTE_SECTION", "NOTE_OWNER"].map(str::to_owned).to_vec();
    cbindgen::Config {
        language: Language::C,
        style: Style::Both,
        cpp_compat: true,
        header: Some(OPENING.to_owned()),
        include_guard: Some("WEIR_PLUGIN_H".to_owned()),
        no_includes: true,
        sys_includes: ["stddef.h", "stdint.h"].map(str::to_owned).to_vec(),
        after_includes: Some(format!("\n{MACROS}")),
        usize_is_size_t: true,
        documentation_style: DocumentationStyle::C99,
        line_length: 120,
        tab_width: 4,
        export: cbindgen::ExportConfig {
            include: TABLES.map(str::to_owned).to_vec(),
            exclude,
            ..Default::default()
        },
        ..Default::default()
    }
}

/// No function of the ABI crate mentions them, so cbindgen must be told.
const TABLES: [&str; 2] = ["WeirPlugin", "WeirHost"];

fn trailer() -> String {
    let mut out = String::new();
    out.push_str("/* Changes with any size or offset of minor version 0's tables; goes into WeirPlugin.layout_hash. */\n");
    let _ = writeln!(out, "#define WEIR_LAYOUT_HASH UINT64_C({WEIR_LAYOUT_HASH:#018x})\n");
    out.push_str(
        "/* The symbol that a plugin exports: WEIR_EXPORT const WeirPlugin weir_plugin_v1 = {...}; */\n",
    );
    out.push_str("#ifdef __cplusplus\nextern \"C\" {\n#endif\n");
    out.push_str("extern WEIR_EXPORT const WeirPlugin weir_plugin_v1;\n");
    out.push_str("#ifdef __cplusplus\n}\n#endif\n\n");
    out.push_str("/* The layout that the server was built with. */\n");
    write_facts(&mut out);
    out
}

fn write_facts(out: &mut String) {
    facts!(out, WeirStr { ptr, len });
    facts!(out, WeirHeader { name, value });
    facts!(out, WeirBytesTable { size, retain, release });
    facts!(out, WeirBytes { ptr, len, owner, table });
    facts!(out, WeirErr { size, ptr, capacity, len });
    facts!(
        out,
        WeirRequest {
            size,
            method,
            path,
            query,
            headers,
            n_headers,
            id,
            base_url,
            dataset,
            rest,
            route,
            reserved,
            context,
            held
        }
    );
    facts!(out, WeirSlab { size, variable, start, count, step, rank, order });
    facts!(out, WeirPublished { size, id, recipe, recipe_length, generation, context });
    facts!(out, WeirChunk { size, present, skipped_codecs, bytes });
    facts!(
        out,
        WeirChunkPlace { size, state, skipped_codecs, source_kind, reserved, offset, length, source, bytes }
    );
    facts!(out, WeirFile { size, length, modified, stable, reserved, name, url });
    facts!(out, WeirResponse { size, status, flags, headers, bytes, body, length });
    facts!(
        out,
        WeirHost {
            size,
            abi_major,
            abi_minor,
            context,
            log,
            metric_add,
            cancelled,
            deadline_ms,
            request_body_next,
            admit,
            dataset_open,
            dataset_close,
            dataset_list,
            dataset_schema,
            dataset_generation,
            dataset_read,
            dataset_read_strings,
            dataset_verify,
            dataset_chunk,
            dataset_chunks,
            bytes_alloc,
            dataset_layout,
            dataset_chunk_place,
            dataset_file,
            dataset_file_read,
            catalog_version,
            catalog_entries,
            server_facts,
            server_troubles,
            dataset_publish,
            dataset_withdraw
        }
    );
    facts!(
        out,
        WeirPlugin {
            size,
            abi_major,
            abi_minor,
            min_host_minor,
            flags,
            magic,
            layout_hash,
            name,
            version,
            create,
            destroy,
            routes,
            handle,
            render_error,
            body_next,
            body_drop,
            self_test,
            body_range,
            describe,
            published_describe,
            published_read,
            published_read_strings,
            published_memory
        }
    );
}
