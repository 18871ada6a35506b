// zarrita; `asked.mjs` stands in front of this.

import * as zarr from "zarrita";

const TYPES = {
  int8: "|i1", int16: "<i2", int32: "<i4", int64: "<i8", uint8: "|u1", uint16: "<u2", uint32: "<u4", uint64: "<u8",
  float32: "<f4", float64: "<f8", bool: "|b1",
};
const ARRAYS = {
  int8: Int8Array, int16: Int16Array, int32: Int32Array, int64: BigInt64Array, uint8: Uint8Array, uint16: Uint16Array,
  uint32: Uint32Array, uint64: BigUint64Array, float32: Float32Array, float64: Float64Array,
};

/** All elements: numbers and characters as bytes with their type, everything else as texts. */
function elements(data, dtype) {
  if (dtype === "bool") return { type: TYPES.bool, bytes: Uint8Array.from(data, Number) };
  if (dtype in TYPES) return { type: TYPES[dtype], bytes: bytesOf(data) };
  const [, chars] = dtype.match(/^v2:S(\d+)$/) ?? [];
  if (!chars) return { texts: Array.from(data) };
  const bytes = data.buffer ? bytesOf(data) : Buffer.alloc(Number(chars));
  if (!data.buffer) bytes.write(data[0]);
  return { type: `|S${chars}`, bytes };
}

/** What one node is; elements lie in the order that their strides say. */
async function read(location, format) {
  const node = await zarr.open[`v${format}`](location);
  if (!(node instanceof zarr.Array)) return { kind: "group", attributes: node.attrs };
  const { attrs: attributes, shape, dimensionNames: dimensions, fillValue: fill, dtype } = node;
  const got = await zarr.get(node);
  // A scalar comes as a value, not as an array.
  const data = shape.length > 0 ? got.data : (ARRAYS[dtype] ?? Array).of(got);
  return { attributes, shape, dimensions, fill, strides: got.stride, ...elements(data, dtype) };
}

/** Tells of all nodes that consolidated metadata names, or of the paths that are given. */
async function tell({ address, format, consolidated, paths }) {
  const files = new zarr.FetchStore(address);
  const store = consolidated ? await zarr.withConsolidatedMetadata(files, { format: `v${format}` }) : files;
  const names = consolidated ? store.contents().map(({ path }) => path) : ["/", ...paths];
  const root = zarr.root(store);
  for (const path of names) await tellNode({ path, kind: "array" }, () => read(root.resolve(path), format));
}

await answer(tell);
