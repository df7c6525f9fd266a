/**
 * The TIFF structure inside an Exif item or box: behind four bytes that say how far behind them it begins
 * (ISO/IEC 23008-12, A.2.1). Some writers leave the four bytes out, others say nonsense there.
 */
export function tiffIn(body: Uint8Array): Uint8Array {
  if (body.length < 4 || beginsTiff(body)) return body
  const skip = new DataView(body.buffer, body.byteOffset, 4).getUint32(0)
  return body.subarray(4 + skip < body.length ? 4 + skip : 4)
}

const STARTS = ['II*\0', 'MM\0*', 'Exif'].map((start) => Buffer.from(start, 'latin1'))

const beginsTiff = (body: Uint8Array): boolean => STARTS.some((start) => start.equals(body.subarray(0, 4)))
