import type { JsonObject } from '../lib/json.ts'

export interface Hashed {
  readonly sha256: string
  readonly tensorSha256?: string
  readonly autoV1?: string
  readonly sizeBytes: number
}

/** The digests under the names of the other surfaces. */
export function digestsOf({ sha256, tensorSha256, autoV1, sizeBytes }: Hashed, all: boolean): JsonObject {
  if (!all) return { sha256sum: sha256, size_bytes: sizeBytes }
  return {
    sha256sum: sha256,
    ...(tensorSha256 === undefined ? {} : { tensor_sha256: tensorSha256 }),
    ...(autoV1 === undefined ? {} : { auto_v1: autoV1 }),
    auto_v2: sha256.slice(0, 10),
    ...(tensorSha256 === undefined ? {} : { auto_v3: tensorSha256.slice(0, 12) }),
    size_bytes: sizeBytes,
  }
}

/** One line as sha256sum writes it, or one for each digest with its name before it. */
export function digestLines(path: string, hashed: Hashed, all: boolean): string {
  const { escaped, mark } = escapeName(path)
  if (!all) return `${mark}${hashed.sha256}  ${escaped}\n`
  const { sha256sum, size_bytes: _, ...rest } = digestsOf(hashed, true)
  return Object.entries({ sha256: sha256sum, ...rest })
    .map(([name, hex]) => `${mark}${name.padEnd(15)}${String(hex)}  ${escaped}\n`)
    .join('')
}

/** As coreutils does since 9.0: such a name is written on one line, and a backslash before the line says so. */
function escapeName(name: string): { escaped: string; mark: string } {
  if (!/[\\\n\r]/.test(name)) return { escaped: name, mark: '' }
  const escaped = name.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '\\r')
  return { escaped, mark: '\\' }
}
