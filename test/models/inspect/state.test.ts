import { afterAll, describe, expect, test } from 'bun:test'
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import type { ModelState } from '../../../src/models/inspect/inspection.ts'
import { gguf } from '../../hash/gguf-bytes.ts'
import { withLength } from '../../hash/safetensors-bytes.ts'
import { peakMemory } from '../../support/peak-memory.ts'
import { aModel, inspectFolder } from './inspect-folder.ts'

const folder = inspectFolder()
afterAll(() => folder[Symbol.dispose]())

/** Prints what is found of the file that has the second name in the folder that is named first. */
const INSPECT = `
  import { join } from 'node:path'
  import { statSync } from 'node:fs'
  import { inspectFile } from './src/models/inspect/inspect-file.ts'
  const path = join(...process.argv.slice(-2))
  const { size, mtimeMs } = statSync(path)
  const file = { path, listedPath: path, partial: false, sizeBytes: size, modifiedUs: mtimeMs * 1000, sample: false }
  const { state, claims } = inspectFile(file)
  console.log(JSON.stringify({ state, claims }))
`

const MODEL = aModel({ ss_output_name: 'fog' })
const GGUF = gguf({ metadata: { 'general.architecture': 'flux' } })
const PICKLE = Buffer.from([0x80, 2, 0x7d, 0x71, 0, 0x2e])
const ZIP_END = Buffer.concat([Buffer.from('PK\x05\x06'), Buffer.alloc(18)])
const TORCH = Buffer.concat([
  Buffer.from('PK\x03\x04'),
  Buffer.alloc(26),
  Buffer.from('archive/data.pkl'),
  Buffer.alloc(5000),
  ZIP_END,
])
const ZIP = Buffer.concat([Buffer.from('PK\x03\x04'), Buffer.alloc(26), Buffer.from('readme.txt'), ZIP_END])
const PAGE = '\ufeff \n<!DOCTYPE html><html><head><title>Sign in\n | Site</title>'
const S3 = '<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>'
const LFS = `version https://git-lfs.github.com/spec/v1\noid sha256:${'ab'.repeat(32)}\nsize 1234\n`

test.each<[string, string | Uint8Array, ModelState, RegExp | undefined]>([
  ['whole.safetensors', MODEL, 'ok', undefined],
  ['whole.sft', MODEL, 'ok', undefined],
  ['whole.gguf', GGUF, 'ok', undefined],
  ['net.onnx', Buffer.from([8, 7, 18, 0]), 'ok', undefined],
  ['net.engine', Buffer.from([0, 1, 2, 3]), 'ok', undefined],
  ['really.ckpt', MODEL, 'ok', undefined],
  ['really.bin', GGUF, 'ok', undefined],
  ['Upper.SAFETENSORS', MODEL.subarray(0, -1), 'truncated', /^The header promises 4 bytes of tensors and there are 3$/],

  ['empty.safetensors', '', 'truncated', /^The file is empty$/],
  ['empty.ckpt', '', 'truncated', /^The file is empty$/],
  ['short.safetensors', 'abc\0', 'truncated', /^The file ends after 4 bytes$/],
  ['cut.safetensors', MODEL.subarray(0, 30), 'truncated', /^The header has \d+ bytes and the file ends after 30$/],
  ['cut.ckpt', MODEL.subarray(0, -1), 'truncated', /promises 4 bytes/],
  ['cut.gguf', GGUF.subarray(0, 30), 'truncated', /^The file ends after 30 bytes, inside its header$/],

  ['long.safetensors', Buffer.concat([MODEL, Buffer.from('x')]), 'corrupt', /^1 bytes follow the last tensor/],
  [
    'endless.safetensors',
    withLength(Buffer.from('{}'), 2n ** 63n),
    'corrupt',
    /^Its header would have 9223372036854775808 bytes/,
  ],
  ['zeros.safetensors', Buffer.alloc(5000), 'corrupt', /^It begins with zeros/],
  ['noise.safetensors', Buffer.alloc(5000, 0xd7), 'corrupt', /^Its header would have/],
  ['noise.gguf', Buffer.alloc(5000, 0xd7), 'corrupt', /^It does not begin with GGUF$/],
  ['other.safetensors', GGUF, 'corrupt', /^It is a gguf under the name of a safetensors$/],
  ['other.gguf', MODEL, 'corrupt', /^It is a safetensors under the name of a gguf$/],
  ['archive.safetensors', ZIP, 'corrupt', /^It is a ZIP archive under the name of a safetensors$/],
  ['expired.safetensors', S3, 'corrupt', /^It is an answer of a storage server: AccessDenied$/],
  ['feed.safetensors', '<?xml version="1.0"?><rss></rss>', 'corrupt', /^It is an XML text$/],
  [
    'error.gguf',
    '{"error":"Unauthorized","message":"log\\nin"}',
    'corrupt',
    /^It is an answer of a server in JSON: Unauthorized, log in$/,
  ],
  ['error.ckpt', '[]', 'corrupt', /^It is an answer of a server in JSON$/],
  ['words.safetensors', 'Entry not found', 'corrupt', /^It holds text: Entry not found$/],
  ['pointer.safetensors', LFS, 'corrupt', /^It is a pointer of Git LFS/],

  ['page.safetensors', PAGE, 'html', /^It is a web page: Sign in \| Site$/],
  ['page.ckpt', '<html><body>Just a moment', 'html', /^It is a web page$/],
  ['page.onnx', '<!-- cache --> <html>', 'html', /^It is a web page$/],
  ['xhtml.gguf', '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml">', 'html', /^It is a web page$/],

  ['old.ckpt', PICKLE, 'pickle', /^It is a Python pickle: loading it may run code$/],
  ['raw.pt', Buffer.alloc(100, 7), 'pickle', /^It is a Python pickle/],
  ['text.pkl', "(dp0\nS'a'\nI1\ns.", 'pickle', /^It is a Python pickle/],
  ['torch.pth', TORCH, 'pickle', /^It is a Python pickle: loading it may run code$/],
  ['torch.pt2', TORCH.subarray(0, -30), 'pickle', /loading it may run code, and its end is missing$/],
  [
    'hidden.safetensors',
    PICKLE,
    'pickle',
    /^It is a Python pickle under the name of a safetensors: loading it may run code$/,
  ],
  ['hidden.gguf', TORCH, 'pickle', /under the name of a gguf/],
  ['hidden.onnx', PICKLE, 'pickle', /^It is a Python pickle: /],
])('%s', (name, content, state, fault) => {
  folder.put(name, content)
  const found = folder.inspect(name)
  expect([found.state, found.fault]).toEqual([state, fault === undefined ? undefined : expect.stringMatching(fault)])
})

test('a page is told by what follows its comments, however many there are', () => {
  folder.put('comments.safetensors', `${'<!-- a --> '.repeat(300)}<html>`)
  folder.put('nothing.safetensors', `${'<!---->'.repeat(500)}<zz`)
  expect(folder.inspect('comments.safetensors').state).toBe('html')
  // Tried in every way that the comments can be told apart, it would not end.
  expect(folder.inspect('nothing.safetensors').fault).toStartWith('It holds text')
})

test('nothing is quoted of what a link leads to: it may be a key of this host', () => {
  const key = folder.put('key.txt', '-----BEGIN PRIVATE KEY----- abc')
  const answer = folder.put('answer.txt', '{"error":"s3cret"}')
  const page = folder.put('page.txt', '<html><title>s3cret</title>')
  const faults = [key, answer, page].map((path) => folder.inspect('linked.onnx', { path }).fault)
  expect(faults).toEqual(['It holds text, not a model', 'It is an answer of a server in JSON', 'It is a web page'])
})

test.each([
  ['x.onnx', 'ledger.db', Buffer.alloc(5000, 0xd7), 'corrupt'],
  ['x.engine', 'keys', Buffer.alloc(5000, 0xd7), 'corrupt'],
  ['x.pt', 'shadow', 'root:x:'.repeat(1000), 'corrupt'],
  ['x.ckpt', 'ledger.db', Buffer.alloc(5000, 0xd7), 'corrupt'],
  ['x.onnx', 'y.onnx', Buffer.alloc(5000, 0xd7), 'ok'],
  ['x.onnx', 'ab'.repeat(32), Buffer.alloc(5000, 0xd7), 'ok'],
  ['x.onnx', `sha256-${'ab'.repeat(32)}`, Buffer.alloc(5000, 0xd7), 'ok'],
  ['x.ckpt', 'weights', PICKLE, 'pickle'],
  ['x.safetensors', 'weights', MODEL, 'ok'],
  ['x.gguf', 'weights', GGUF, 'ok'],
  ['x.bin', 'weights', MODEL, 'ok'],
])('%s that leads to %s', (name, target, content, state) => {
  const path = folder.put(`behind/${target}`, content)
  expect(folder.inspect(name, { path }).state).toBe(state as never)
})

test('a pointer of Git LFS tells what it points to', () => {
  folder.put('lfs.safetensors', LFS)
  expect(folder.inspect('lfs.safetensors').claims).toEqual({ git_lfs: { sha256: 'ab'.repeat(32), size_bytes: 1234 } })
})

describe('a file that is being written is partial, and its header is read all the same', () => {
  const path = folder.put('moving.safetensors', MODEL)
  test.each([
    [{ partial: true }, /still being written/],
    [{ sizeBytes: 1 }, /^It had 1 bytes when it was listed and has \d+ now$/],
    [{ modifiedUs: 1 }, /^It was written since it was listed$/],
  ])('%j', (changes, fault) => {
    const found = folder.inspect('moving.safetensors', { ...changes, sample: true })
    expect(found).toMatchObject({ path, state: 'partial', outputName: 'fog', sample: undefined })
    expect(found.fault).toMatch(fault)
  })
})

test('the sample is taken where it is asked for', () => {
  folder.put('sampled.safetensors', MODEL)
  folder.put('other-sample.safetensors', aModel({ ss_output_name: 'sun' }))
  expect(folder.inspect('sampled.safetensors').sample).toBeUndefined()
  const sample = folder.inspect('sampled.safetensors', { sample: true }).sample
  expect(sample).toMatch(/^[0-9a-f]{64}$/)
  expect(folder.inspect('other-sample.safetensors', { sample: true }).sample).not.toBe(sample)
})

describe('what cannot be read', () => {
  test('a FIFO, a device, a folder, nothing, a loop of links', () => {
    execFileSync('mkfifo', [join(folder.path, 'pipe.safetensors')])
    mkdirSync(join(folder.path, 'folder.safetensors'))
    symlinkSync('loop.safetensors', join(folder.path, 'loop.safetensors'))
    const faults = ['pipe', 'folder', 'gone'].map((name) => folder.inspect(`${name}.safetensors`))
    const device = folder.inspect('gone.safetensors', { path: '/dev/zero' })
    const loop = folder.inspect('gone.safetensors', { path: join(folder.path, 'loop.safetensors') })
    const strange = folder.inspect('gone.safetensors', { path: '/a\0b' })
    expect([...faults, device, loop, strange].map(({ state, fault }) => [state, fault])).toEqual([
      ['unreadable', 'It is not a regular file'],
      ['unreadable', 'It is a folder'],
      ['unreadable', 'It is not there any more'],
      ['unreadable', 'It is not a regular file'],
      ['unreadable', 'Symbolic links on the way to it form a loop'],
      ['unreadable', expect.stringMatching(/^Reading it failed/)],
    ])
  })

  test('permission denied, and what lies beside it is told', () => {
    const path = folder.put('secret.safetensors', MODEL)
    folder.put('secret.civitai.info', { id: 5, modelId: 6 })
    chmodSync(path, 0)
    const found = folder.inspect('secret.safetensors')
    // Root reads it all the same.
    if (process.getuid?.() === 0) expect(found.state).toBe('ok')
    else expect(found).toMatchObject({ state: 'unreadable', fault: 'Permission to read it is denied' })
    expect(found.civitaiVersionId).toBe(5)
  })

  test('an error of the disk', () => {
    const memory = folder.inspect('gone.safetensors', { path: '/proc/self/mem', listedPath: '/x.safetensors' })
    expect(memory.state).not.toBe('ok')
  })
})

test('a sparse file of 200 GB is known at once', () => {
  const path = folder.put('sparse.safetensors', '')
  truncateSync(path, 200e9)
  expect(folder.inspect('sparse.safetensors', { sample: true })).toMatchObject({
    state: 'corrupt',
    fault: 'It begins with zeros where a header should be',
    sample: expect.any(String),
  })
  const header = JSON.stringify({ w: { dtype: 'F32', shape: [50e9], data_offsets: [0, 200e9] } })
  writeFileSync(path, withLength(Buffer.from(header), header.length))
  truncateSync(path, 8 + header.length + 200e9)
  expect(folder.inspect('sparse.safetensors')).toMatchObject({ state: 'ok', fault: undefined })
  truncateSync(path, 8 + header.length + 200e9 - 1)
  expect(folder.inspect('sparse.safetensors').state).toBe('truncated')
  rmSync(path)
})

test('a header of 99 MB is measured in little memory', async () => {
  const padding = Buffer.alloc(99_000_000, '[1,{"a":"\\""}],')
  const json = Buffer.concat([
    Buffer.from('{"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},"__metadata__":{"x":['),
    padding,
    Buffer.from('1]}}'),
  ])
  const path = folder.put('wide.safetensors', Buffer.concat([withLength(json, json.length), Buffer.alloc(3)]))
  const inspected = (name: string) => peakMemory(INSPECT, folder.path, name)
  const [little, wide] = [await inspected('whole.safetensors'), await inspected('wide.safetensors')]
  // 256 KiB at a time; the rest is room for the collector.
  expect(wide.peakBytes - little.peakBytes).toBeLessThan(60e6)
  expect(JSON.parse(little.printed)).toMatchObject({ state: 'ok' })
  expect(JSON.parse(wide.printed)).toMatchObject({
    state: 'ok',
    claims: { header_unread: `The header of ${json.length} bytes was not read` },
  })
  truncateSync(path, json.length)
  expect(folder.inspect('wide.safetensors').state).toBe('truncated')
  rmSync(path)
})

test('any bytes under any name have a state', () => {
  const names = fc.constantFrom('a.safetensors', 'b.gguf', 'c.ckpt', 'd.onnx', 'e', 'f.bin')
  const heads = fc.constantFrom('', 'GGUF\x03\0\0\0', '<', '{"', 'PK\x03\x04', '\x80\x04', '\x10\0\0\0\0\0\0\0{')
  fc.assert(
    fc.property(names, heads, fc.uint8Array({ maxLength: 200 }), (name, head, bytes) => {
      folder.put(name, Buffer.concat([Buffer.from(head, 'latin1'), bytes]))
      const { state, fault } = folder.inspect(name, { sample: true })
      expect(fault === undefined).toBe(state === 'ok')
    }),
    { numRuns: 300 },
  )
})
