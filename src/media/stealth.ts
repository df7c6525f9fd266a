import { inflate } from './inflate.ts'
import type { Pixels } from './pixels.ts'
import { type Carrier, capacityBytes, carriersOf, cornerOf, spell } from './stealth-bits.ts'
import { decodeLatin1, decodeUtf8 } from './text.ts'
import type { TextCollector } from './text-collector.ts'

const SIGNATURE_BYTES = 15
/** Behind the signature stands the length of the text in bits, big-endian. */
const LENGTH_END = SIGNATURE_BYTES + 4

/** So much of a signature is looked for first: it takes the top of few columns, and hardly any picture has it. */
const FIRST_LOOK_BYTES = 2

/**
 * Text in the lowest bits of pixels, as A1111's stealth extension began it and Forge, SwarmUI and NovelAI write it:
 * UTF-8 or gzip. Where no signature stands, only the few pixels that would hold one are looked at.
 * `container` is the first word of the text's place: `png:stealth_pnginfo`.
 */
export function readStealth(pixels: Pixels, container: string, into: TextCollector): void {
  const likely = startingAlike(pixels, carriersOf(pixels), FIRST_LOOK_BYTES).map(({ carrier }) => carrier)
  const [found] = startingAlike(pixels, likely, SIGNATURE_BYTES)
  if (found === undefined) return
  const place = `${container}:${found.signature}`
  const hidden = readHidden({ pixels, carrier: found.carrier, place, into })
  const text = hidden && decode(hidden, { place, into, compressed: found.signature === found.carrier.compressed })
  if (text !== undefined) into.add({ place, key: 'stealth', text })
}

interface Start {
  readonly carrier: Carrier
  /** As far as it was looked at. */
  readonly signature: string
}

/** The carriers whose first `count` bytes are those of a signature of theirs. */
function startingAlike(pixels: Pixels, carriers: readonly Carrier[], count: number): Start[] {
  const able = carriers.filter((carrier) => capacityBytes(pixels, carrier) >= SIGNATURE_BYTES)
  // The one with the fewest bits a pixel needs the most pixels: they are enough for all.
  const [fewestBits] = able
  const corner = fewestBits && cornerOf(pixels, fewestBits, count)
  if (corner === undefined) return []
  return able
    .map((carrier) => ({ carrier, signature: decodeLatin1(spell(corner, carrier, count)) }))
    .filter(({ carrier: { plain, compressed }, signature }) =>
      [plain, compressed].some((one) => one.startsWith(signature)),
    )
}

interface Found {
  readonly pixels: Pixels
  readonly carrier: Carrier
  readonly place: string
  readonly into: TextCollector
}

function readHidden({ pixels, carrier, place, into }: Found): Uint8Array | undefined {
  const first = (count: number): Uint8Array | undefined => {
    const corner = cornerOf(pixels, carrier, count)
    if (corner === undefined) into.warn(place, 'the pixels that hold it are damaged, cut off or more than the limit')
    return corner && spell(corner, carrier, count)
  }
  const capacity = capacityBytes(pixels, carrier) - LENGTH_END
  const start = capacity > 0 ? first(LENGTH_END) : undefined
  if (start === undefined) return undefined
  const bits = new DataView(start.buffer, SIGNATURE_BYTES, 4).getUint32(0)
  const length = Math.floor(bits / 8)
  if (bits % 8 !== 0) into.warn(place, 'its length is no whole number of bytes')
  if (length > capacity) {
    into.warn(place, 'its length is more than the picture can hold')
    return undefined
  }
  if (length === 0 || !into.fits(place, length)) return undefined
  return first(LENGTH_END + length)?.subarray(LENGTH_END)
}

interface Decoding {
  readonly place: string
  readonly into: TextCollector
  readonly compressed: boolean
}

function decode(hidden: Uint8Array, { place, into, compressed }: Decoding): string | undefined {
  let bytes = hidden
  if (compressed) {
    const inflated = inflate(hidden, into.textLimit, 'gzip')
    if (!inflated.ok) {
      into.warn(place, inflated.reason)
      return undefined
    }
    if (inflated.cutOff) into.warn(place, 'its compressed text is cut off')
    bytes = inflated.bytes
  }
  const text = decodeUtf8(bytes)
  if (text === undefined) into.warn(place, 'its text is not UTF-8')
  return text ?? decodeLatin1(bytes)
}
