import { readExif } from './exif.ts'
import { decodeLatin1, decodeText } from './text.ts'
import type { TextCollector } from './text-collector.ts'
import { readXmp } from './xmp.ts'

/** A JPEG segment holds 64 KB: what is larger comes in several, which these put together again. */
export interface Pieces {
  /** Takes the data of an APP1 segment, if it is of this kind. */
  add(data: Uint8Array): boolean
  /** The next segment is of another kind, or there is none. */
  end(): void
}

const startsWith = (data: Uint8Array, mark: string): boolean => decodeLatin1(data.subarray(0, mark.length)) === mark

const EXIF_MARK_BYTES = 6

/** EXIF of several segments follows no standard: the first alone begins with a TIFF structure, the others follow it. */
export function createExifPieces(into: TextCollector): Pieces {
  let pieces: Uint8Array[] = []
  let heldBytes = 0

  function flush(): void {
    if (pieces.length > 0) readExif(Buffer.concat(pieces), 'jpeg:exif', into)
    pieces = []
    heldBytes = 0
  }

  return {
    add(data) {
      if (!startsWith(data, 'Exif\0')) return false
      const body = data.subarray(EXIF_MARK_BYTES)
      if (startsWith(body, 'II*\0') || startsWith(body, 'MM\0*')) flush()
      heldBytes += body.length
      if (into.fits('jpeg:exif', heldBytes)) pieces.push(body)
      return true
    },
    end: flush,
  }
}

const XMP_MARK = 'http://ns.adobe.com/xap/1.0/\0'
/** Behind this one: a name of the packet (32 letters), its length, and where in it the piece belongs (XMP part 3, 1.1.3.1). */
const EXTENSION_MARK = 'http://ns.adobe.com/xmp/extension/\0'
const EXTENSION_HEAD_BYTES = 40

interface Extension {
  readonly lengthBytes: number
  readonly pieces: { readonly offset: number; readonly bytes: Uint8Array }[]
}

/** Packets are read as they come, extended ones at the end. */
export function createXmpPieces(into: TextCollector): Pieces {
  const extensions = new Map<string, Extension>()
  let heldBytes = 0

  function addExtension(data: Uint8Array): void {
    if (data.length < EXTENSION_HEAD_BYTES) {
      into.warn('jpeg:xmp', 'a piece of it is cut off')
      return
    }
    heldBytes += data.length
    if (!into.fits('jpeg:xmp', heldBytes)) return
    const id = decodeLatin1(data.subarray(0, 32))
    const view = new DataView(data.buffer, data.byteOffset + 32, 8)
    const extension = extensions.get(id) ?? { lengthBytes: view.getUint32(0), pieces: [] }
    extensions.set(id, extension)
    extension.pieces.push({ offset: view.getUint32(4), bytes: data.subarray(EXTENSION_HEAD_BYTES) })
  }

  return {
    add(data) {
      if (startsWith(data, XMP_MARK)) readXmp(decodeText(data.subarray(XMP_MARK.length)), 'jpeg:xmp', into)
      else if (startsWith(data, EXTENSION_MARK)) addExtension(data.subarray(EXTENSION_MARK.length))
      else return false
      return true
    },
    end() {
      for (const extension of extensions.values()) {
        const packet = joined(extension)
        if (packet.length < extension.lengthBytes) into.warn('jpeg:xmp', 'pieces of it are missing')
        else readXmp(decodeText(packet), 'jpeg:xmp', into)
      }
    },
  }
}

/** The packet up to the first gap. */
function joined({ pieces }: Extension): Uint8Array {
  const parts: Uint8Array[] = []
  let end = 0
  for (const { offset, bytes } of pieces.toSorted((a, b) => a.offset - b.offset)) {
    if (offset > end) break
    if (offset < end) continue // written twice
    parts.push(bytes)
    end += bytes.length
  }
  return Buffer.concat(parts)
}
