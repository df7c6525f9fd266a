import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { createWebm, element, IDS, simpleTag, tagsOf, type WebmParts } from '../../scripts/fixtures/webm-writer.ts'
import { bytesSource } from '../../src/media/byte-source.ts'
import { DEFAULT_LIMITS } from '../../src/media/container.ts'
import { webm } from '../../src/media/webm.ts'
import {
  countingSource,
  expectCutsToBeHarmless,
  expectNoiseToBeHarmless,
  expectNumbersToBeHarmless,
  isOf,
  plainText,
  readBytes,
  sparseSource,
  textsOf,
} from '../support/media.ts'

const GRAPH = '{"3":{"class_type":"VAELoader","inputs":{"vae_name":"harbor.vae.safetensors"}}}'
const tags = tagsOf(simpleTag('PROMPT', GRAPH), simpleTag('Workflow', '{"nodes":[]}'))
const BOTH = [
  ['prompt', GRAPH],
  ['workflow', '{"nodes":[]}'],
] as const

test('names, places and size', () => {
  const film = createWebm({ front: tags })
  expect(isOf(webm, film)).toBe(true)
  expect(readBytes(webm, film)).toEqual({
    width: 16,
    height: 16,
    texts: [
      { place: 'webm:tag:PROMPT', key: 'prompt', text: GRAPH },
      { place: 'webm:tag:Workflow', key: 'workflow', text: '{"nodes":[]}' },
    ],
    warnings: [],
  })
})

describe('where tags stand', () => {
  const other = tagsOf(simpleTag('ENCODER', 'x'))
  const unknown = { segmentSize: 'unknown', clusterSize: 'unknown', clusters: 3 } as const
  const rows: readonly (readonly [name: string, parts: WebmParts, texts: readonly (readonly string[])[]])[] = [
    ['in front', { front: tags, clusters: 3 }, BOTH],
    ['behind, by the index', { back: tags, index: true, clusters: 3 }, BOTH],
    ['behind, without an index', { back: tags, clusters: 3 }, BOTH],
    ['in front and behind, by the index', { front: other, back: tags, index: true }, [['encoder', 'x'], ...BOTH]],
    ['in front and behind, without an index', { front: other, back: tags }, [['encoder', 'x'], ...BOTH]],
    ['in front of clusters that do not say their size', { ...unknown, front: tags }, BOTH],
    ['behind clusters that do not say their size', { ...unknown, back: tags }, BOTH],
    ['in a segment that does not say its size', { back: tags, segmentSize: 'unknown' }, BOTH],
    ['nowhere', { clusters: 3 }, []],
  ]
  test.each(rows)('%s', (_, parts, texts) => {
    const content = readBytes(webm, createWebm(parts))
    expect(textsOf(content)).toEqual(texts.map(([key = '', text = '']) => [key, text]))
    expect(content.warnings).toEqual([])
  })
})

describe('tags', () => {
  const name = (text: string): Buffer => element(IDS.TagName, text)
  const value = (text: string): Buffer => element(IDS.TagString, text)
  const rows: readonly (readonly [name: string, tag: Buffer, texts: readonly (readonly string[])[]])[] = [
    ['a name behind its text', element(IDS.SimpleTag, [value('x'), name('COMMENT')]), [['comment', 'x']]],
    [
      'one inside another',
      simpleTag('ARTIST', 'me', simpleTag('PROMPT', 'x')),
      [
        ['artist', 'me'],
        ['prompt', 'x'],
      ],
    ],
    [
      'one inside another without a text',
      element(IDS.SimpleTag, [name('A'), simpleTag('PROMPT', 'x')]),
      [['prompt', 'x']],
    ],
    ['binary', element(IDS.SimpleTag, [name('PROMPT'), element(IDS.TagBinary, Buffer.from('x'))]), []],
    ['without a name', element(IDS.SimpleTag, [value('x')]), [['', 'x']]],
    ['with a name that is none', element(IDS.SimpleTag, [name('N'.repeat(256)), value('x')]), [['', 'x']]],
    ['with NUL bytes at the end', simpleTag('PROMPT', 'x\0\0'), [['prompt', 'x']]],
    ['fillers', element(IDS.Void, simpleTag('PROMPT', 'x')), []],
  ]
  test.each(rows)('%s', (_, tag, texts) => {
    const content = readBytes(webm, createWebm({ back: tagsOf(tag) }))
    expect(textsOf(content)).toEqual(texts.map(([key = '', text = '']) => [key, text]))
    expect(content.warnings).toEqual([])
  })

  test('inside each other without end', () => {
    let tag = simpleTag('DEEP', 'x')
    for (let depth = 0; depth < 2000; depth += 1) tag = simpleTag('A', 'b', tag)
    const content = readBytes(webm, createWebm({ back: tagsOf(tag) }))
    expect(content.texts).toHaveLength(8)
    expect(content.warnings).toEqual([{ place: 'webm:tag', reason: 'tags lie more than 8 deep' }])
  })

  test('without number', () => {
    const many = Buffer.concat(Array<Buffer>(100_001).fill(element(IDS.SimpleTag, [])))
    const { warnings } = readBytes(webm, createWebm({ back: tagsOf(many) }))
    expect(warnings).toContainEqual({ place: 'webm:tag', reason: 'it has more than 100000 elements' })
  })

  test('past the limit', () => {
    const film = createWebm({ front: tagsOf(simpleTag('PROMPT', 'x'.repeat(101)), simpleTag('WORKFLOW', 'y')) })
    const content = readBytes(webm, film, { textBytes: 100, totalBytes: 1000 })
    expect(textsOf(content)).toEqual([['workflow', 'y']])
    expect(content.warnings).toMatchObject([{ place: 'webm:tag:PROMPT' }])
  })
})

test('what stands in a list of tags and is no tag', () => {
  const list = element(IDS.Tags, [element(IDS.Void, simpleTag('PROMPT', 'x')), element(IDS.SimpleTag, [])])
  expect(readBytes(webm, createWebm({ front: list }))).toMatchObject({ texts: [], warnings: [] })
})

test('a film without pictures has no size', () => {
  const sound = element(IDS.Tracks, [element(0xae, [element(0xd7, 1), element(0xe1, [element(0xb5, 48_000)])])])
  const film = Buffer.concat([element(IDS.EBML, [element(0x4282, 'webm')]), element(IDS.Segment, [sound, tags])])
  expect(readBytes(webm, film)).toEqual({ texts: readBytes(webm, createWebm({ front: tags })).texts, warnings: [] })
})

describe('the index', () => {
  const seek = (id: number, position: number): Buffer =>
    element(IDS.Seek, [element(IDS.SeekID, id), element(IDS.SeekPosition, position)])
  const cluster = element(IDS.Cluster, [element(IDS.Timestamp, 0)])
  const film = (...inSegment: Buffer[]): Buffer =>
    Buffer.concat([element(IDS.EBML, [element(0x4282, 'webm')]), element(IDS.Segment, inSegment)])
  const read = (...inSegment: Buffer[]) => readBytes(webm, film(...inSegment))

  test('that leads nowhere is passed over', () => {
    const head = element(IDS.SeekHead, [seek(IDS.Tags, 0xffffffff), seek(IDS.Tags, 3), seek(IDS.SeekHead, 0)])
    expect(read(head, cluster, tags)).toMatchObject({ warnings: [], texts: [{ text: GRAPH }, { key: 'workflow' }] })
  })

  test('that leads to another', () => {
    const inner = (at: number): Buffer => element(IDS.SeekHead, [seek(IDS.Tags, at)])
    const outer = (at: number): Buffer => element(IDS.SeekHead, [seek(IDS.SeekHead, at)])
    const innerAt = outer(200).length + cluster.length
    const tagsAt = innerAt + inner(200).length
    const file = film(outer(innerAt), cluster, inner(tagsAt), tags)
    expect(textsOf(readBytes(webm, file))).toEqual([...BOTH])
  })

  test('that leads to the same tags again and again', () => {
    const head = (at: number): Buffer => element(IDS.SeekHead, Array<Buffer>(90).fill(seek(IDS.Tags, at)))
    const at = head(2000).length + cluster.length
    expect(textsOf(read(head(at), cluster, tags))).toEqual([...BOTH])
  })
})

describe('two gigabytes of clusters cost a few reads', () => {
  const clusterHead = (bytes: number): Buffer => {
    const head = Buffer.alloc(12)
    head.writeUInt32BE(IDS.Cluster)
    head.writeBigUInt64BE(2n ** 56n + BigInt(bytes), 4)
    return head
  }
  const clusterBytes = 20 * 2 ** 20
  const eightBytes = (value: number): Buffer => {
    const bytes = Buffer.alloc(8)
    bytes.writeBigUInt64BE(BigInt(value))
    return bytes
  }
  const count = 100
  const beginning = Buffer.concat([
    element(IDS.EBML, [element(0x4282, 'webm')]),
    Buffer.from('1853806701ffffffffffffff', 'hex'),
  ])
  const pieces = Array.from({ length: count }, (_, index) => beginning.length + index * (12 + clusterBytes))
  const end = beginning.length + count * (12 + clusterBytes)
  const all = pieces.map((at) => [at, clusterHead(clusterBytes)] as const)

  test('one for each without an index', () => {
    const source = countingSource(sparseSource(end + tags.length, [[0, beginning], ...all, [end, tags]]))
    expect(textsOf(webm.read(source, DEFAULT_LIMITS))).toEqual([...BOTH])
    expect(source.reads).toBeLessThan(count + 10)
    expect(source.bytesRead).toBeLessThan(100_000)
  })

  test('none with an index', () => {
    const head = element(IDS.SeekHead, [
      element(IDS.Seek, [element(IDS.SeekID, IDS.Tags), element(IDS.SeekPosition, eightBytes(end))]),
    ])
    const at = beginning.length + head.length
    const tagsAt = beginning.length + end
    const file = sparseSource(tagsAt + tags.length, [
      [0, beginning],
      [beginning.length, head],
      [at, clusterHead(clusterBytes)],
      [tagsAt, tags],
    ])
    const source = countingSource(file)
    const content = webm.read(source, DEFAULT_LIMITS)
    expect(textsOf(content)).toEqual([...BOTH])
    expect(content.warnings).toEqual([])
    expect(source.reads).toBeLessThan(5)
  })

  test('of no stated size are not searched where tags stand in front', () => {
    const live = createWebm({ front: tags, segmentSize: 'unknown', clusterSize: 'unknown', clusters: 2000 })
    const source = countingSource(bytesSource(live))
    expect(textsOf(webm.read(source, DEFAULT_LIMITS))).toEqual([...BOTH])
    expect(source.bytesRead).toBeLessThan(5000)
  })

  test('of tiny frames and no stated size are searched up to a limit', () => {
    const frames = Buffer.alloc(2 ** 20, element(IDS.SimpleBlock, Buffer.alloc(6)))
    const start = Buffer.concat([beginning, Buffer.from('1f43b67501ffffffffffffff', 'hex')])
    const source = countingSource({
      sizeBytes: 2 * 2 ** 30,
      read: (offset, length) => {
        const bytes = new Uint8Array(length)
        for (let at = 0; at < length; ) {
          const from = offset + at - start.length
          const piece = from < 0 ? start.subarray(offset + at) : frames.subarray(from % frames.length)
          bytes.set(piece.subarray(0, length - at), at)
          at += piece.length
        }
        return bytes
      },
    })
    const { warnings } = webm.read(source, DEFAULT_LIMITS)
    expect(warnings[0]?.reason).toContain('the search for tags was given up at byte')
    expect(source.bytesRead).toBeLessThan(70 * 2 ** 20)
  })
})

describe('what is wrong becomes a warning', () => {
  const film = createWebm({ front: tags })
  const rows: readonly (readonly [name: string, film: Uint8Array, texts: number, reason: string])[] = [
    ['a header alone', film.subarray(0, 36), 0, 'it has no segment'],
    ['a file that is cut off', film.subarray(0, -3), 2, 'the file ends inside its segment'],
    [
      'bytes that are no element',
      Buffer.concat([element(IDS.EBML, []), element(IDS.Segment, [tags, Buffer.alloc(20)])]),
      2,
      'there is no element at byte',
    ],
  ]
  test.each(rows)('%s', (_, file, texts, reason) => {
    const content = readBytes(webm, file)
    expect(content.texts).toHaveLength(texts)
    expect(content.warnings).toMatchObject([{ place: 'webm' }])
    expect(content.warnings[0]?.reason).toContain(reason)
  })
})

describe('hostile files', () => {
  const film = createWebm({ front: tagsOf(simpleTag('A', 'b')), back: tags, index: true, clusters: 2 })
  test('cut anywhere', () => expectCutsToBeHarmless(webm, film))
  test('with any number anywhere', () => expectNumbersToBeHarmless(webm, film))
  test('of noise', () => {
    expectNoiseToBeHarmless(webm, film.subarray(0, 4))
    expectNoiseToBeHarmless(
      webm,
      Buffer.concat([element(IDS.EBML, []), Buffer.from('1853806701ffffffffffffff', 'hex')]),
    )
  })

  test('any texts come back as they were written', () => {
    const entry = fc.tuple(fc.stringMatching(/^[A-Z_]{1,20}$/), plainText)
    fc.assert(
      fc.property(fc.array(entry, { minLength: 1, maxLength: 5 }), fc.boolean(), (texts, index) => {
        const back = tagsOf(...texts.map(([name, text]) => simpleTag(name, text)))
        expect(textsOf(readBytes(webm, createWebm({ back, index })))).toEqual(
          texts.map(([name, text]) => [name.toLowerCase(), text]),
        )
      }),
    )
  })
})
