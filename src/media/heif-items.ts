import { readExif } from './exif.ts'
import { readItemPlaces } from './heif-locations.ts'
import type { IsoBox } from './iso-boxes.ts'
import { boxesIn, fieldsOf, type IsoFile } from './iso-file.ts'
import { decodeLatin1, decodeText } from './text.ts'
import { tiffIn } from './tiff-in-box.ts'
import { readXmp } from './xmp.ts'

/** The Exif and XMP items of a HEIF picture (ISO/IEC 23008-12), AVIF and HEIC, and its size. */
export function readItems(file: IsoFile, metaChildren: readonly IsoBox[]): void {
  const child = (type: string): IsoBox | undefined => metaChildren.find((box) => box.type === type)
  const properties = child('iprp')
  if (properties !== undefined) readSize(file, properties)
  const infos = child('iinf')
  const locations = child('iloc')
  // Tags of videos have neither.
  if (infos === undefined && locations !== undefined)
    file.into.warn(`${file.name}:meta`, 'the list of items is missing')
  if (infos === undefined || locations === undefined) return
  const items = readInfos(file, infos)
  if (items.size === 0) return
  // Extents may overlap: without this, a small file could make a large one be read again and again.
  let leftBytes = file.into.textLimit
  for (const { id, ranges } of readItemPlaces(file, locations, child('idat'), items)) {
    const kind = items.get(id)
    if (kind === undefined) continue
    const place = `${file.name}:${kind}`
    const length = ranges.reduce((sum, range) => sum + range.length, 0)
    if (!file.into.fits(place, length)) continue
    if (length > leftBytes) {
      file.into.warn(place, 'it was left out: the items are larger than the limit together')
      continue
    }
    leftBytes -= length
    const bytes = Buffer.concat(ranges.map(({ start, length }) => file.source.read(start, length)))
    if (bytes.length < length) {
      file.into.warn(place, 'the file ends inside of it')
      continue
    }
    if (kind === 'exif') readExif(tiffIn(bytes), place, file.into)
    else readXmp(decodeText(bytes), place, file.into)
  }
}

/** Pictures are of one Exif and one XMP item, with a second one for a map of brightness. */
const MAX_ITEMS = 16
/** Type and content type stand near the beginning of an entry. */
const MAX_INFO_BYTES = 1024

function readInfos(file: IsoFile, infos: IsoBox): Map<number, 'exif' | 'xmp'> {
  const items = new Map<number, 'exif' | 'xmp'>()
  const version = fieldsOf(file, infos, 4)?.getUint8(0)
  if (version === undefined) return items
  for (const info of boxesIn(file, infos, version === 0 ? 6 : 8)) {
    const found = info.type === 'infe' ? readInfo(file, info) : undefined
    if (found !== undefined) items.set(found.id, found.kind)
    if (items.size === MAX_ITEMS) break
  }
  return items
}

/** One entry of the list: version, flags, item, protection, type, and behind its name the content type. */
function readInfo(file: IsoFile, info: IsoBox): { readonly id: number; readonly kind: 'exif' | 'xmp' } | undefined {
  const fields = fieldsOf(file, info, Math.min(info.end - info.bodyStart, MAX_INFO_BYTES))
  const version = fields !== undefined && fields.byteLength >= 12 ? fields.getUint8(0) : 0
  if (fields === undefined || version < 2 || version > 3) return undefined
  const idBytes = version === 2 ? 2 : 4
  const id = version === 2 ? fields.getUint16(4) : fields.getUint32(4)
  const bytes = new Uint8Array(fields.buffer, fields.byteOffset, fields.byteLength)
  const rest = decodeLatin1(bytes.subarray(4 + idBytes + 2))
  const type = rest.slice(0, 4)
  if (type === 'Exif') return { id, kind: 'exif' }
  const [, contentType, encoding = ''] = rest.slice(4).split('\0')
  const isXmp = type === 'mime' && contentType === 'application/rdf+xml' && encoding === ''
  return isXmp ? { id, kind: 'xmp' } : undefined
}

/** The largest of the sizes: thumbnails and the tiles of a mosaic have smaller ones of their own. */
function readSize(file: IsoFile, properties: IsoBox): void {
  let size = { width: 0, height: 0 }
  for (const container of boxesIn(file, properties)) {
    if (container.type !== 'ipco') continue
    for (const box of boxesIn(file, container)) {
      const fields = box.type === 'ispe' ? fieldsOf(file, box, 12) : undefined
      if (fields === undefined) continue
      const next = { width: fields.getUint32(4), height: fields.getUint32(8) }
      if (next.width * next.height > size.width * size.height) size = next
    }
  }
  if (size.width > 0) file.into.setSize(size.width, size.height)
}
