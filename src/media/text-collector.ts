import type { ContainerContent, MediaWarning, MetadataLimits, MetadataText } from './container.ts'

/** Hostile files have a million tiny texts; real ones have up to about fifty. */
const MAX_TEXTS = 1000
const MAX_WARNINGS = 100
/** Of the name that a text is filed under; the longest that any format allows is a quarter of it. */
const MAX_NAME_CHARACTERS = 1000

/** Gathers what one container yields and holds it to the limits. */
export interface TextCollector {
  /** Bytes that the next text may have, inflated. */
  readonly textLimit: number
  /** Whether `byteLength` more bytes fit; a warning says so where they do not. */
  fits(place: string, byteLength: number): boolean
  /** Keeps a text, without NUL bytes at its end; empty ones and those past the limits are left out. */
  add(text: MetadataText): void
  warn(place: string, reason: string): void
  noteC2pa(): void
  setSize(width: number, height: number): void
  content(): ContainerContent
}

export function createTextCollector(limits: MetadataLimits): TextCollector {
  const texts: MetadataText[] = []
  const warnings: MediaWarning[] = []
  let leftBytes = limits.totalBytes
  let size: { width: number; height: number } | undefined
  let c2pa = false
  let full = false
  const limit = (): number => Math.max(0, Math.min(limits.textBytes, leftBytes))

  function warn(place: string, reason: string): void {
    if (warnings.length < MAX_WARNINGS) warnings.push({ place: readable(place), reason })
  }

  function fits(place: string, byteLength: number): boolean {
    if (texts.length >= MAX_TEXTS) {
      if (!full) warn(place, `it was left out: the file has more than ${MAX_TEXTS} texts`)
      full = true
      return false
    }
    if (byteLength <= limit()) return true
    warn(place, `it was left out: it is larger than the limit (${byteLength} bytes, ${limit()} are allowed)`)
    return false
  }

  return {
    get textLimit() {
      return limit()
    },
    fits,
    warn,
    add({ place, key, text }) {
      const kept = withoutTrailingNuls(text)
      if (kept === '') return
      if (key.length > MAX_NAME_CHARACTERS) {
        warn(place, `it was left out: its name has more than ${MAX_NAME_CHARACTERS} characters`)
        return
      }
      // UTF-16 units are a lower bound of UTF-8 bytes: the exact count is only asked for where it matters.
      const byteLength = kept.length * 3 <= limit() ? kept.length : Buffer.byteLength(kept)
      if (!fits(place, byteLength)) return
      texts.push({ place: readable(place), key, text: kept })
      leftBytes -= byteLength
    },
    noteC2pa() {
      c2pa = true
    },
    setSize(width, height) {
      size ??= { width, height }
    },
    content: () => ({ ...size, texts, warnings, ...(c2pa ? { c2pa } : {}) }),
  }
}

const MAX_PLACE_CHARACTERS = MAX_NAME_CHARACTERS + 100

/** Places are shown to people, on a line, and the file has chosen a part of them. */
function readable(place: string): string {
  const short = place.length <= MAX_PLACE_CHARACTERS ? place : `${place.slice(0, MAX_PLACE_CHARACTERS).toWellFormed()}…`
  return short.replaceAll(/\p{Cc}/gu, '?')
}

/** Some tools leave NUL bytes at the end of a text. */
function withoutTrailingNuls(text: string): string {
  let end = text.length
  while (end > 0 && text.charCodeAt(end - 1) === 0) end -= 1
  return end === text.length ? text : text.slice(0, end)
}
