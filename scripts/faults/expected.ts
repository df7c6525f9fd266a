import { createHash } from 'node:crypto'
import { type BigIntStats, lstatSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'

/** What the index must hold of a file: found out here again, so that it does not trust the program. */
export interface ExpectedFile {
  readonly path: string
  readonly root: string
  readonly relative: string
  /** Absolute, sorted. */
  readonly aliases: readonly string[]
  readonly sizeBytes: number
  readonly modifiedUs: number
  readonly state: 'ok' | 'partial' | 'truncated' | 'html' | 'pickle'
  readonly sha256: string | null
  readonly tensorSha256: string | null
  readonly autoV1: string | null
}

interface Listing {
  readonly root: string
  readonly relative: string
  readonly linked: boolean
}

const MODEL = /\.(?:safetensors|gguf|ckpt)(?:\.part)?$/
const MIB = 2 ** 20

/** Every model file below the roots by its real path. */
export function expectedFiles(roots: readonly string[]): Map<string, ExpectedFile> {
  const listings = new Map<string, Listing[]>()
  const walk = (root: string, folder: string, linked: boolean): void => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      if (entry.name.startsWith('.')) continue
      const relative = folder === '' ? entry.name : `${folder}/${entry.name}`
      const isLink = entry.isSymbolicLink()
      const info = statSync(join(root, relative))
      if (info.isDirectory()) walk(root, relative, linked || isLink)
      else if (MODEL.test(entry.name)) {
        const { dev, ino } = info
        const key = `${dev}:${ino}`
        listings.set(key, [...(listings.get(key) ?? []), { root, relative, linked: linked || isLink }])
      }
    }
  }
  for (const root of roots) walk(root, '', false)
  const files = [...listings.values()].map(toExpected)
  return new Map(files.map((file) => [file.path, file]))
}

function toExpected(listings: readonly Listing[]): ExpectedFile {
  const [first, ...others] = listings.toSorted(
    (a, b) => Number(a.linked) - Number(b.linked) || (a.relative < b.relative ? -1 : 1),
  )
  if (first === undefined) throw new Error('A file without a name')
  const path = realpathSync(join(first.root, first.relative))
  const info = lstatSync(path, { bigint: true })
  const state = stateOf(path)
  const isHashed = state === 'ok' || state === 'pickle'
  return {
    path,
    root: first.root,
    relative: first.relative,
    aliases: others.map(({ root, relative }) => join(root, relative)).toSorted(),
    sizeBytes: Number(info.size),
    modifiedUs: Number(info.mtimeNs / 1000n),
    state,
    ...(isHashed ? digestsOf(path, info) : { sha256: null, tensorSha256: null, autoV1: null }),
  }
}

function stateOf(path: string): ExpectedFile['state'] {
  const name = basename(path)
  if (name.endsWith('.part') || name.startsWith('controlled')) return 'partial'
  if (name.startsWith('truncated')) return 'truncated'
  if (name.includes('html')) return 'html'
  return name.endsWith('.ckpt') ? 'pickle' : 'ok'
}

type Digests = Pick<ExpectedFile, 'sha256' | 'tensorSha256' | 'autoV1'>

/** The same bytes are not hashed again in every round. */
const known = new Map<string, Digests>()

function digestsOf(path: string, { dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): Digests {
  const key = [dev, ino, size, mtimeNs, ctimeNs].join(':')
  const before = known.get(key)
  if (before !== undefined) return before
  const bytes = readFileSync(path)
  const sha = (part: Uint8Array): string => createHash('sha256').update(part).digest('hex')
  const digests = {
    sha256: sha(bytes),
    tensorSha256: path.endsWith('.safetensors') ? sha(bytes.subarray(8 + Number(bytes.readBigUInt64LE()))) : null,
    autoV1: bytes.length > MIB ? sha(bytes.subarray(MIB, MIB + 2 ** 16)).slice(0, 8) : null,
  }
  known.set(key, digests)
  return digests
}
