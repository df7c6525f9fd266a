/** ComfyUI-MultiGPU offers every loader again with a choice of the device: `UNETLoaderDisTorch2MultiGPU`. */
const OTHER_DEVICE = /(?:DisTorch2?|Advanced)?MultiGPU$/i

/**
 * What a table with names of classes in small letters has for a class: names differ in case between packs that do the
 * same, and `LoraLoader|pysssss` is a `LoraLoader` where the table has nothing better.
 */
export function findByClass<T>(className: string, table: ReadonlyMap<string, T>): T | undefined {
  const name = className.split('|', 1)[0] ?? ''
  return (
    table.get(className.toLowerCase()) ??
    table.get(name.toLowerCase()) ??
    table.get(name.replace(OTHER_DEVICE, '').toLowerCase())
  )
}
