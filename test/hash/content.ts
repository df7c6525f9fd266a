import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readlinkSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createBlake3Engine } from '../../src/hash/blake3.ts'
import { createDeviceTurns, createTurnTable } from '../../src/hash/device-turns.ts'
import { createFilePass, type PassedFile } from '../../src/hash/file-pass.ts'
import { createSha256Engine } from '../../src/hash/incremental.ts'
import { createNativeSha256 } from '../../src/hash/native.ts'

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

export const patterned = (size: number): Uint8Array =>
  Uint8Array.from({ length: size }, (_, i) => (i * 31 + (i >> 8)) & 255)

export interface TestFiles {
  readonly dir: string
  add(bytes: Uint8Array): string
  /** Takes no room on disk. */
  addSparse(sizeBytes: number): string
  remove(): void
}

/** Files in a temporary folder of their own. */
export function createTestFiles(): TestFiles {
  const dir = mkdtempSync(join(tmpdir(), 'airkeep-hash-'))
  let files = 0
  const add = (bytes: Uint8Array): string => {
    const path = join(dir, `${++files}.bin`)
    writeFileSync(path, bytes)
    return path
  }
  return {
    dir,
    add,
    addSparse(sizeBytes) {
      const path = add(new Uint8Array())
      truncateSync(path, sizeBytes)
      return path
    },
    remove: () => rmSync(dir, { recursive: true }),
  }
}

/** What a worker gives its hashers, in this thread. */
export async function hasherDeps(table = createTurnTable(), patienceMs?: number) {
  const wasm = await createSha256Engine()
  return {
    engines: { native: createNativeSha256, wasm: wasm.create },
    createBlake3: await createBlake3Engine(),
    pass: createFilePass(createDeviceTurns(table, patienceMs)),
  }
}

/** A digest without what no two readings have in common. */
export function timeless<T extends PassedFile>({ seconds, readSeconds, turnSeconds, modifiedUs, ...rest }: T) {
  return rest
}

export function openNames(): string[] {
  return readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`)
    } catch {
      return 'closed since'
    }
  })
}
