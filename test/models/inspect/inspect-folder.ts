import { type BigIntStats, mkdirSync, mkdtempSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { inspectFile } from '../../../src/models/inspect/inspect-file.ts'
import type { Inspected, InspectRequest } from '../../../src/models/inspect/inspection.ts'
import { safetensors } from '../../hash/safetensors-bytes.ts'

/** A folder of files to inspect. */
export interface InspectFolder extends Disposable {
  readonly path: string
  /** Writes a file and returns its path; an object is written as JSON. */
  put(name: string, content: Uint8Array | string | object): string
  /** Inspects the file as a walk that has just seen it would ask for it. */
  inspect(name: string, changes?: Partial<InspectRequest>): Inspected
}

export function inspectFolder(): InspectFolder {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'airkeep-inspect-')))
  return {
    path: folder,
    put(name, content) {
      const path = join(folder, name)
      mkdirSync(dirname(path), { recursive: true })
      const plain = typeof content === 'string' || content instanceof Uint8Array
      writeFileSync(path, plain ? content : JSON.stringify(content))
      return path
    },
    inspect(name, changes = {}) {
      const path = join(folder, name)
      const stats = statOf(changes.path ?? path)
      return inspectFile({
        path,
        listedPath: path,
        partial: false,
        sizeBytes: Number(stats?.size ?? 0),
        modifiedUs: Number((stats?.mtimeNs ?? 0n) / 1000n),
        sample: false,
        ...changes,
      })
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** What a walk would have seen; nothing of what it cannot see. */
function statOf(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true })
  } catch {
    return undefined
  }
}

/** A safetensors with this metadata and tensors of these shapes that hold nothing but zeros. */
export function aModel(
  metadata: Readonly<Record<string, unknown>> = {},
  shapes: Readonly<Record<string, readonly number[]>> = { w: [4] },
): Uint8Array {
  let end = 0
  const tensors = Object.entries(shapes).map(([name, shape]) => {
    const begin = end
    end += shape.reduce((product, size) => product * size, 1)
    return [name, { dtype: 'U8', shape, data_offsets: [begin, end] }]
  })
  return safetensors({ __metadata__: metadata, ...Object.fromEntries(tensors) }, new Uint8Array(end))
}
