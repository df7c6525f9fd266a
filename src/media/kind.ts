import { HEAD_BYTES } from './container.ts'
import { decodeLatin1, looksLikeText } from './text.ts'
import { sniffText } from './text-kind.ts'

/** What bytes are, by their content alone. */
export interface MediaKind {
  readonly kind: 'image' | 'video' | 'audio' | 'other'
  /** For a sentence: `a PNG image`, `an HTML page`, `plain text`, `empty`. */
  readonly description: string
  readonly mime?: string
}

/** How many bytes of the beginning sniffMediaKind wants; fewer are fine where the file is smaller. */
export const SNIFF_BYTES = HEAD_BYTES

/** Tells what a file is from its first SNIFF_BYTES bytes. Never throws. */
export async function sniffMediaKind(head: Uint8Array): Promise<MediaKind> {
  if (head.length === 0) return { kind: 'other', description: 'empty' }
  const known = knownBinary(head)
  if (known !== undefined) return known
  const found = await detect(head)
  if (!looksLikeText(head)) return found ?? byFirstBytes(head)
  // `BM`, `MZ` and other short signatures occur in texts, and no picture or video is text all through.
  const text = sniffText(
    Buffer.from(head)
      .toString('utf8')
      .replace(/^\uFEFF/, '')
      .trimStart(),
  )
  if (found?.mime !== undefined && TEXT_FORMATS.has(found.mime)) return found
  return { kind: text.image ? 'image' : 'other', description: text.description, mime: text.mime }
}

/** Model files and what file-type does not know, or knows only when it has more of the file. */
function knownBinary(head: Uint8Array): MediaKind | undefined {
  const start = decodeLatin1(head.subarray(0, 16))
  if (start.startsWith('GGUF')) return { kind: 'other', description: 'a GGUF model' }
  if (head.length >= 10 && start.slice(8, 9) === '{') {
    const headerBytes = new DataView(head.buffer, head.byteOffset, 8).getBigUint64(0, true)
    if (headerBytes >= 2n && headerBytes <= 100_000_000n) return { kind: 'other', description: 'a safetensors model' }
  }
  if (/^(?:\xff\xfe.\0|\xfe\xff\0)/s.test(start))
    return { kind: 'other', description: 'plain text', mime: 'text/plain' }
  return head.every((byte) => byte === 0) ? { kind: 'other', description: 'zero bytes only' } : undefined
}

/** Signatures that file-type gives up on when the bytes behind them are cut off. */
const FALLBACKS: readonly (readonly [string, MediaKind])[] = [
  ['ID3', { kind: 'audio', description: 'an MP3 audio file', mime: 'audio/mpeg' }],
  ['PK\x03\x04', { kind: 'other', description: 'a ZIP archive', mime: 'application/zip' }],
  ['\x1f\x8b', { kind: 'other', description: 'a GZ archive', mime: 'application/gzip' }],
  ['\x1a\x45\xdf\xa3', { kind: 'video', description: 'a Matroska video', mime: 'video/matroska' }],
  ['II*\0', { kind: 'image', description: 'a TIFF image', mime: 'image/tiff' }],
  ['MM\0*', { kind: 'image', description: 'a TIFF image', mime: 'image/tiff' }],
  ['\x80', { kind: 'other', description: 'a Python pickle' }],
]

function byFirstBytes(head: Uint8Array): MediaKind {
  const start = decodeLatin1(head.subarray(0, 8))
  const row = FALLBACKS.find(([signature]) => start.startsWith(signature))
  return row?.[1] ?? { kind: 'other', description: 'data of an unknown kind' }
}

/** Containers of moving pictures that file-type files under application/. */
const VIDEO_MIMES = new Set(['application/mxf', 'application/vnd.rn-realmedia', 'application/vnd.ms-asf', 'image/mj2'])
/** Drawings and textures that no viewer of pictures opens. */
const NOT_IMAGES = new Set(['image/vnd.dwg', 'image/ktx'])
const ARCHIVES = new Set([
  'zip',
  'tar',
  'rar',
  'gz',
  'bz2',
  '7z',
  'xz',
  'zst',
  'lz',
  'lz4',
  'tar.gz',
  'cab',
  'arj',
  'ace',
])

async function detect(head: Uint8Array): Promise<MediaKind | undefined> {
  // Loaded with the first file that somebody wants to know the kind of.
  const { fileTypeFromBuffer } = await import('file-type/core')
  try {
    const found = await fileTypeFromBuffer(head)
    return found === undefined ? undefined : named(found.ext, found.mime)
  } catch {
    return undefined // a head that ends inside what file-type looks at
  }
}

/** Formats that are text all through and yet more than that. */
const TEXT_FORMATS = new Set([
  'application/pdf',
  'application/rtf',
  'application/postscript',
  'application/eps',
  'text/calendar',
  'text/vcard',
  'text/vtt',
])

const NAMES: Readonly<Record<string, string>> = {
  jpg: 'JPEG',
  tif: 'TIFF',
  webp: 'WebP',
  webm: 'WebM',
  exe: 'Windows program',
  sqlite: 'SQLite',
}

function named(ext: string, mime: string): MediaKind {
  const name = NAMES[ext] ?? ext.toUpperCase()
  const article = /^(?:[AEFHILMNORSX8](?![a-z])|[AEIOaeiou])/.test(name) ? 'an' : 'a'
  const group = mime.slice(0, mime.indexOf('/'))
  if (VIDEO_MIMES.has(mime) || group === 'video')
    return { kind: 'video', description: `${article} ${name} video`, mime }
  if (group === 'image' && !NOT_IMAGES.has(mime))
    return { kind: 'image', description: `${article} ${name} image`, mime }
  if (group === 'audio') return { kind: 'audio', description: `${article} ${name} audio file`, mime }
  if (ARCHIVES.has(ext)) return { kind: 'other', description: `${article} ${name} archive`, mime }
  return { kind: 'other', description: `${article} ${name} file`, mime }
}
