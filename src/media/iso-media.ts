import type { ByteSource } from './byte-source.ts'
import type { ContainerContent, MetadataLimits } from './container.ts'
import { readExif } from './exif.ts'
import { readItems } from './heif-items.ts'
import { createInflater } from './inflater.ts'
import { createBoxWalker, type IsoBox } from './iso-boxes.ts'
import { bodyOf, boxesIn, fieldsOf, type IsoFile } from './iso-file.ts'
import { readTags } from './mp4-tags.ts'
import { isUserText, readUserText } from './mp4-user-text.ts'
import { decodeLatin1, decodeText } from './text.ts'
import { createTextCollector } from './text-collector.ts'
import { tiffIn } from './tiff-in-box.ts'
import { windowedSource } from './windowed-source.ts'
import { readXmp } from './xmp.ts'

/**
 * Texts of any file made of ISO boxes: films, HEIF pictures and JPEG XL. Which boxes there are decides what is read,
 * so that a film whose brand says picture, or the other way round, loses nothing.
 * @param name with which places begin
 * @param essential boxes of which a whole file of this kind has one
 */
export function readIsoMedia(
  name: string,
  essential: readonly string[],
  source: ByteSource,
  limits: MetadataLimits,
): ContainerContent {
  const into = createTextCollector(limits)
  const windowed = windowedSource(source)
  const walker = createBoxWalker(windowed, (reason) => into.warn(name, reason))
  const file: IsoFile = { name, source: windowed, walker, into, inflate: createInflater(limits.totalBytes) }
  let isWhole = false
  for (const box of walker.boxes({ start: 0, end: source.sizeBytes })) {
    isWhole ||= essential.includes(box.type)
    if (box.type === 'moov') readMovie(file, box)
    else readOther(file, box)
  }
  if (!isWhole) into.warn(name, `it has no ${essential.join(' or ')} box, so that it cannot be whole`)
  return into.content()
}

function readMovie(file: IsoFile, movie: IsoBox): void {
  for (const box of boxesIn(file, movie)) {
    if (box.type === 'trak') readTrack(file, box)
    else readOther(file, box)
  }
}

function readTrack(file: IsoFile, track: IsoBox): void {
  for (const box of boxesIn(file, track)) {
    if (box.type === 'tkhd') readTrackSize(file, box)
    else readOther(file, box)
  }
}

/** Width and height are the last two fields of a track's header, with 16 bits behind the point. */
function readTrackSize(file: IsoFile, box: IsoBox): void {
  const fields = fieldsOf(file, box, box.end - box.bodyStart === 96 ? 96 : 84)
  if (fields === undefined) return
  const [width, height] = [fields.getUint16(fields.byteLength - 8), fields.getUint16(fields.byteLength - 4)]
  if (width > 0 && height > 0) file.into.setSize(width, height)
}

/** Boxes that may stand on several levels. */
function readOther(file: IsoFile, box: IsoBox): void {
  if (box.type === 'udta') readUserData(file, box)
  else if (box.type === 'meta') readMeta(file, box)
  else if (box.type === 'uuid') readUuid(file, box)
  else if (box.type === 'brob') readBrotli(file, box)
  else readPacked(file, box.type, () => bodyOf(file, `${file.name}:${box.type.trim()}`, box))
}

function readUserData(file: IsoFile, userData: IsoBox): void {
  for (const box of boxesIn(file, userData)) {
    if (box.type === 'meta') readMeta(file, box)
    else if (box.type === 'XMP_') readPacked(file, 'xml ', () => bodyOf(file, `${file.name}:xmp`, box))
    else if (isUserText(box.type)) readUserText(file, box)
  }
}

/** A tenth of it is what real files have. */
const MAX_META_BOXES = 100

/**
 * Names and values of a film, and the items of a picture. ISO gives `meta` a version of four zero bytes in front of its
 * boxes, QuickTime does not.
 */
function readMeta(file: IsoFile, meta: IsoBox): void {
  const first = fieldsOf(file, meta, 4)
  if (first === undefined) return
  const children: IsoBox[] = []
  for (const box of boxesIn(file, meta, first.getUint32(0) === 0 ? 4 : 0)) {
    if (children.push(box) === MAX_META_BOXES) break
  }
  readTags(file, children)
  readItems(file, children)
}

const XMP_UUID = 'be7acfcb97a942e89c71999491e3afac'
const C2PA_UUID = 'd8fec3d61b0e483c92975828877ec481'

function readUuid(file: IsoFile, box: IsoBox): void {
  const id = fieldsOf(file, box, 16)
  if (id === undefined) return
  const hex = Buffer.from(id.buffer, id.byteOffset, 16).toString('hex')
  if (hex === C2PA_UUID) file.into.noteC2pa()
  if (hex === XMP_UUID) readPacked(file, 'xml ', () => bodyOf(file, `${file.name}:xmp`, box, 16))
}

/** `brob` of JPEG XL (ISO/IEC 18181-2): the type of another box, and what it would hold, packed with Brotli. */
function readBrotli(file: IsoFile, box: IsoBox): void {
  const fields = fieldsOf(file, box, 4)
  if (fields === undefined) return
  const type = decodeLatin1(new Uint8Array(fields.buffer, fields.byteOffset, 4))
  readPacked(file, type, () => {
    const place = `${file.name}:brob`
    const packed = bodyOf(file, place, box, 4)
    if (packed === undefined) return undefined
    const inflated = file.inflate(packed, file.into.textLimit, 'brotli')
    if (!inflated.ok) file.into.warn(place, inflated.reason)
    else if (inflated.cutOff) file.into.warn(place, 'its compressed data is cut off')
    return inflated.ok ? inflated.bytes : undefined
  })
}

/**
 * Boxes of metadata that JPEG XL has plain and packed. `comf` is no standard's: savers for ComfyUI put JSON with
 * `prompt` and `workflow` there.
 */
function readPacked(file: IsoFile, type: string, body: () => Uint8Array | undefined): void {
  if (type === 'jumb') {
    file.into.noteC2pa()
    return
  }
  if (type !== 'Exif' && type !== 'xml ' && type !== 'comf') return
  const bytes = body()
  if (bytes === undefined) return
  if (type === 'Exif') readExif(tiffIn(bytes), `${file.name}:exif`, file.into)
  else if (type === 'xml ') readXmp(decodeText(bytes), `${file.name}:xmp`, file.into)
  else file.into.add({ place: `${file.name}:comf`, key: 'comf', text: decodeText(bytes) })
}
