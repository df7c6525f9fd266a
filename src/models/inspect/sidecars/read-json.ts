import { closeSync, constants, fstatSync, openSync, statSync } from 'node:fs'
import { createReadAt } from '../../../hash/read-at.ts'
import { isJsonObject, type JsonObject } from '../../../lib/json.ts'

const MAX_BYTES = 5 * 1024 * 1024

/**
 * The object that the file at `path` holds as JSON. Undefined where there is none: no such file, one that cannot be
 * read, no regular file, more than 5 MiB, no JSON. Never waits for a FIFO, never touches a device.
 */
export function readJsonFile(path: string): JsonObject | undefined {
  try {
    if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return undefined
    // The name may have become a FIFO since.
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      const stats = fstatSync(fd)
      if (!stats.isFile() || stats.size > MAX_BYTES) return undefined
      // TextDecoder drops a byte order mark.
      const parsed: unknown = JSON.parse(new TextDecoder().decode(createReadAt(fd)(0, stats.size)))
      return isJsonObject(parsed) ? parsed : undefined
    } finally {
      closeSync(fd)
    }
  } catch {
    return undefined
  }
}
