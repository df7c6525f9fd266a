import type { ByteSource } from './byte-source.ts'
import type { Container, ContainerContent, MetadataLimits } from './container.ts'
import { type EbmlElement, elementsIn, fieldsIn, numbersIn, readElement } from './ebml.ts'
import { readSeekHead, SEEK_HEAD, TAGS, tagsAt } from './matroska-index.ts'
import { readMatroskaTags } from './matroska-tags.ts'
import { createTextCollector, type TextCollector } from './text-collector.ts'
import { type WindowedSource, windowedSource } from './windowed-source.ts'

/** WebM and Matroska. Frames are passed over: by the file's own index where it has one, else by their sizes. */
export const webm: Container = {
  name: 'webm',
  matches: (head) => EBML_START.every((byte, index) => head[index] === byte),
  read: readWebm,
}

const EBML_START = [0x1a, 0x45, 0xdf, 0xa3]
const SEGMENT = 0x18538067
const TRACKS = 0x1654ae6b
const CLUSTER = 0x1f43b675
/** Clusters, and frames where clusters do not say their size: a film of three hours has 600,000 frames. */
const MAX_ELEMENTS = 1_000_000
/** What a search may read of a file without an index. */
const MAX_SEARCH_BYTES = 64 * 2 ** 20
/** Clusters lie far from each other, and only their heads are wanted. */
const WINDOW_BYTES = 512

function readWebm(source: ByteSource, limits: MetadataLimits): ContainerContent {
  const into = createTextCollector(limits)
  const windowed = windowedSource(source, WINDOW_BYTES)
  const header = readElement(windowed, 0, source.sizeBytes)
  const segment = header && firstSegment(windowed, header.end)
  if (segment === undefined) into.warn('webm', 'it has no segment')
  else {
    if (segment.cutOff) into.warn('webm', 'the file ends inside its segment')
    readSegment(windowed, segment, into)
  }
  return into.content()
}

/** A segment stands right behind the header, or behind a few fillers. */
function firstSegment(source: WindowedSource, start: number): EbmlElement | undefined {
  let offset = start
  for (let count = 0; count < 16; count += 1) {
    const element = readElement(source, offset, source.sizeBytes)
    if (element === undefined || element.id === SEGMENT) return element
    offset = element.end
  }
  return undefined
}

function readSegment(source: WindowedSource, segment: EbmlElement, into: TextCollector): void {
  const seen = new Set<number>()
  const listed: number[] = []
  let offset = segment.bodyStart
  let tagBytes = 0
  let atFirstCluster = true

  function readTags(element: EbmlElement): void {
    if (seen.has(element.start)) return
    seen.add(element.start)
    const before = source.bytesRead
    readMatroskaTags(source, element, into)
    tagBytes += source.bytesRead - before
  }

  for (let count = 0; offset < segment.end; count += 1) {
    const element = readElement(source, offset, segment.end)
    if (element === undefined) {
      into.warn('webm', `there is no element at byte ${offset}`)
      return
    }
    if (element.id === SEEK_HEAD) listed.push(...readSeekHead(source, element, segment))
    else if (element.id === TRACKS) readSize(source, element, into)
    else if (element.id === TAGS) readTags(element)
    else if (element.id === CLUSTER) {
      const found = atFirstCluster ? tagsAt(source, segment, listed) : []
      for (const tags of found) readTags(tags)
      if (found.length > 0 || (element.unknownSize && seen.size > 0)) return
      atFirstCluster = false
    }
    if (count === MAX_ELEMENTS || source.bytesRead - tagBytes > MAX_SEARCH_BYTES) {
      into.warn('webm', `the search for tags was given up at byte ${offset}`)
      return
    }
    // What does not say its size is walked through, and the frames in it passed over like what stands beside it.
    offset = element.unknownSize ? element.bodyStart : element.end
  }
}

const TRACK_ENTRY = 0xae
const VIDEO = 0xe0
const PIXEL_WIDTH = 0xb0
const PIXEL_HEIGHT = 0xba
const MAX_TRACKS = 100

function readSize(source: WindowedSource, tracks: EbmlElement, into: TextCollector): void {
  let count = 0
  for (const track of elementsIn(source, tracks)) {
    count += 1
    if (count > MAX_TRACKS) return
    if (track.id !== TRACK_ENTRY) continue
    const video = fieldsIn(source, track).find(({ id }) => id === VIDEO)
    const numbers = video === undefined ? new Map<number, number>() : numbersIn(source, video)
    const [width, height] = [numbers.get(PIXEL_WIDTH) ?? 0, numbers.get(PIXEL_HEIGHT) ?? 0]
    if (width > 0 && height > 0) into.setSize(width, height)
  }
}
