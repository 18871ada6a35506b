// zarr.js, the package `zarr`; `asked.mjs` stands in front of this.

import { HTTPStore, getTypedArrayCtr, openArray, openGroup } from "zarr";

/** One array: the client arranges its elements in the order of C, and in the machine's order of bytes. */
async function readArray(store, path) {
  const array = await openArray({ store, path, mode: "r" });
  const { shape, fillValue: fill, dtype } = array;
  if (array.meta.filters?.length) throw new Error("zarr.js ignores filters, and would show wrong values");
  const got = await array.getRaw();
  const data = typeof got === "number" ? getTypedArrayCtr(dtype).of(got) : got.data;
  return { shape, fill, attributes: await array.attrs.asObject(), type: dtype.replace(">", "<"), bytes: bytesOf(data) };
}

/** Tells of all nodes. The client cannot list: it gets the names of the consolidated metadata. */
async function tell({ address }) {
  const { metadata } = await (await fetch(`${address}/.zmetadata`)).json();
  const store = new HTTPStore(address);
  for (const key of Object.keys(metadata)) {
    const path = key.split("/").slice(0, -1).join("/");
    if (key.endsWith(".zarray")) await tellNode({ path: `/${path}`, kind: "array" }, () => readArray(store, path));
    if (!key.endsWith(".zgroup")) continue;
    const group = await openGroup(store, path, "r");
    await tellNode({ path: `/${path}`, kind: "group" }, async () => ({ attributes: await group.attrs.asObject() }));
  }
}

await answer(tell);
