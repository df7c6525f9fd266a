import type { MetadataText } from './container.ts'
import { readExif } from './exif.ts'
import { decodeLatin1, decodeText } from './text.ts'
import type { TextCollector } from './text-collector.ts'
import { readXmp } from './xmp.ts'

const KEYWORD = 'Raw profile type '
/** What stands before an XMP packet in JPEG's APP1. */
const XMP_MARK = 'http://ns.adobe.com/xap/1.0/\0'

/**
 * ImageMagick's way of putting EXIF and XMP into PNG before there were chunks for them: a line with the profile's
 * name, one with its length, and its bytes in hexadecimal. Returns whether the text was one.
 */
export function readRawProfile({ key, text, place }: MetadataText, into: TextCollector): boolean {
  if (!key.startsWith(KEYWORD)) return false
  const kind = key.slice(KEYWORD.length).toLowerCase()
  if (kind !== 'exif' && kind !== 'app1' && kind !== 'xmp') return true // colours, IPTC: no prompts
  const header = /^\n?[^\n]{1,80}\n\s{0,20}(\d{1,10})\s/.exec(text)
  const bytes = Buffer.from(text.slice(header?.[0].length ?? 0).replace(/\s+/g, ''), 'hex')
  if (bytes.length === 0 || bytes.length !== Number(header?.[1])) into.warn(place, 'its length is not what it says')
  if (bytes.length === 0) return true
  const isXmp = kind === 'xmp' || decodeLatin1(bytes.subarray(0, XMP_MARK.length)) === XMP_MARK
  if (!isXmp) readExif(bytes, 'png:exif', into)
  else readXmp(decodeText(bytes.subarray(kind === 'xmp' ? 0 : XMP_MARK.length)), 'png:xmp', into)
  return true
}
