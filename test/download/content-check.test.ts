import { describe, expect, test } from 'bun:test'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { BEGINNING_BYTES, checkBeginning, checkModelFile } from '../../src/download/content-check.ts'
import { gguf } from '../hash/gguf-bytes.ts'
import { aModelFile } from '../support/model-files.ts'
import { rejection } from '../support/rejection.ts'
import { tempDir } from '../support/temp-dir.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

function thrownBy(work: () => void): unknown {
  try {
    work()
  } catch (error) {
    return error
  }
  return undefined
}

const POINTER = `version https://git-lfs.github.com/spec/v1\noid sha256:${'ab'.repeat(32)}\nsize 2097256\n`
const NAME = 'foo.safetensors'

interface Answer {
  readonly sent: string
  readonly head: string
  readonly contentType?: string
  readonly name?: string
  readonly says: string
}

const answers: readonly Answer[] = [
  { sent: 'a page', head: '<!DOCTYPE html><html><head><title>Sign in</title>', says: 'a web page (“Sign in”)' },
  { sent: 'a page with a comment', head: '\ufeff \n<!-- x -->\n<HTML lang="en">', says: 'a web page' },
  { sent: 'XHTML', head: '<?xml version="1.0"?>\n<html xmlns="x">', says: 'a web page' },
  {
    sent: 'a fragment called HTML',
    head: '<div>Log in</div>',
    contentType: 'text/html; charset=utf-8',
    says: 'a web page',
  },
  {
    sent: 'an error of S3',
    head: '<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>',
    says: 'an error of a storage server (“AccessDenied: Request has expired”)',
  },
  { sent: 'an error without a prologue', head: '<Error><Code>NoSuchKey</Code>', says: '(“NoSuchKey”)' },
  { sent: 'a pointer', head: POINTER, says: 'a Git LFS pointer to 2097256 bytes, not the file it stands for' },
  { sent: 'a pointer called .txt', head: POINTER, name: 'foo.txt', says: 'a Git LFS pointer' },
  {
    sent: 'an error of Civitai',
    head: '{"error":"Unauthorized","message":"The creator of this asset requires you to be logged in"}',
    name: 'foo.ckpt',
    says: 'an answer in JSON (“Unauthorized: The creator of this asset requires you to be logged in”)',
  },
  { sent: 'other JSON', head: '[{"a":1}]', says: 'an answer in JSON instead' },
  { sent: 'JSON that is cut', head: '{"error": "abc', says: 'an answer in JSON instead' },
  {
    sent: 'JSON by its type',
    head: '{"data": {"a',
    contentType: 'application/json',
    says: 'an answer in JSON instead',
  },
  { sent: 'plain words', head: 'Entry not found\n', says: 'text (“Entry not found”)' },
  {
    sent: 'a token',
    head: 'bad token=abc123 at https://x/?key=abc123 for you',
    says: '(“bad token=*** at https://x/ for you”)',
  },
  { sent: 'JSON with a key', head: '{"error":"no such api_key: abc123"}', says: 'no such api_key: ***' },
  { sent: 'a terminal sequence', head: '<title>\ta\n\tb</title><html>', contentType: 'text/html', says: '(“a b”)' },
]

const fine: readonly Omit<Answer, 'says'>[] = [
  { sent: 'nothing', head: '' },
  { sent: 'bytes called HTML', head: '\x08\0\0\0\0\0\0\0{"a":1}', contentType: 'text/html' },
  { sent: 'a page that is wanted', head: '<!doctype html><html>', contentType: 'text/html', name: 'page.html' },
  { sent: 'XML that is wanted', head: '<?xml version="1.0"?><x>', name: 'x.xml' },
  {
    sent: 'JSON that is wanted',
    head: '{"error":"x"}',
    contentType: 'application/json',
    name: 'model.safetensors.index.json',
  },
  { sent: 'words that are wanted', head: 'words', name: 'readme.txt' },
  { sent: 'a pickle of the oldest kind', head: '(dp0\nS"a"\n', name: 'old.pt' },
]

describe('the beginning of an answer', () => {
  test.each(answers)('$sent is no file', ({ head, contentType, name = NAME, says }) => {
    const error = thrownBy(() => checkBeginning(bytes(head), { contentType, name }))
    expect(error).toMatchObject({ code: 'upstream_unavailable' })
    expect(String(error)).toContain(says)
    expect(String(error)).not.toContain('abc123')
  })

  test.each(fine)('$sent may be the file', ({ head, contentType, name = NAME }) => {
    checkBeginning(bytes(head), { contentType, name })
  })

  test('what it says is short and has no control characters', () => {
    const error = thrownBy(() => checkBeginning(bytes(`<html><title>${'x\u202e'.repeat(5_000)}</title>`)))
    expect(error).toMatchObject({ code: 'upstream_unavailable' })
    expect(String(error)).not.toMatch(/[\p{Cc}\p{Cf}]/u)
    expect(String(error).length).toBeLessThan(250)
  })

  test('a hostile one is read at once', () => {
    for (const piece of ['<!--', '<!---->', '<title', '<?xml ', '{"a":', '[', 'token ', '<code>', 'https://', ' ']) {
      thrownBy(() => checkBeginning(bytes(piece.repeat(200_000)), { name: NAME }))
      thrownBy(() => checkBeginning(bytes(`<?xml ${piece.repeat(200_000)}`), { name: NAME }))
    }
  })

  test('property: bytes of a model are never taken for text', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 100_000_000 }), fc.string(), (length, after) => {
        const head = Buffer.concat([Buffer.alloc(8), Buffer.from(`{${after}`)])
        head.writeBigUInt64LE(BigInt(length))
        checkBeginning(head, { contentType: 'text/html', name: NAME })
      }),
    )
  })
})

const check = async (content: Uint8Array, name: string, sizeBytes = content.length): Promise<unknown> => {
  using dir = tempDir()
  const path = join(dir.path, 'part')
  writeFileSync(path, content)
  return await checkModelFile(path, sizeBytes, name).then(
    () => undefined,
    (error: unknown) => error,
  )
}

function safetensors(bodyBytes = 4096): Buffer {
  using dir = tempDir()
  return readFileSync(aModelFile(dir.path, NAME, 1, bodyBytes).path)
}

const anyGguf = (data: number): Uint8Array =>
  gguf({ metadata: {}, tensors: [{ name: 'w', shape: [1024], type: 0, offset: 0 }], data })

const zip = Buffer.concat([
  Buffer.from('PK\x03\x04'),
  Buffer.alloc(2000, 7),
  Buffer.from('PK\x05\x06'),
  Buffer.alloc(18),
])
const pickle = Buffer.concat([Buffer.from([0x80, 2]), Buffer.alloc(100, 0x58)])

describe('a whole file', () => {
  const good: readonly [string, Uint8Array, string][] = [
    ['a safetensors', safetensors(), 'foo.safetensors'],
    ['a safetensors', safetensors(), 'FOO.SFT'],
    ['a safetensors without tensors', safetensors(0), 'foo.safetensors'],
    ['a safetensors under another name', safetensors(), 'foo.ckpt'],
    ['a gguf', anyGguf(4096), 'foo.gguf'],
    [
      'a gguf with a long vocabulary',
      gguf({ metadata: { vocabulary: Array.from({ length: 100_000 }, (_, at) => `word ${at}`) } }),
      'foo.gguf',
    ],
    ['a ZIP', zip, 'foo.zip'],
    ['a pickle in a ZIP', zip, 'foo.pt'],
    ['a pickle', pickle, 'foo.ckpt'],
    ['bytes', Buffer.alloc(100, 0xfe), 'foo.bin'],
    ['JSON', bytes('{"a":1}'), 'config.json'],
  ]
  test.each(good)('%s is usable (%#)', async (_what, content, name) => {
    expect(await check(content, name)).toBeUndefined()
  })

  const whole = safetensors()
  const withHeader = (json: string, body = 0): Buffer => {
    const length = Buffer.alloc(8)
    length.writeBigUInt64LE(BigInt(json.length))
    return Buffer.concat([length, Buffer.from(json), Buffer.alloc(body)])
  }
  const bad: readonly [what: string, content: Uint8Array, name: string, reason: RegExp][] = [
    ['a safetensors that was cut', whole.subarray(0, -7), NAME, /truncated by 7 bytes/],
    ['one that was cut in its header', whole.subarray(0, 40), NAME, /truncated by \d+ bytes/],
    ['one that goes on', Buffer.concat([whole, Buffer.alloc(3)]), NAME, /3 bytes follow the last tensor/],
    ['one whose header is no JSON', withHeader('{"a": nonsense}'), NAME, /not JSON/],
    [
      'one whose header is too long',
      Buffer.from('ffffffffffffff7f7b7d', 'hex'),
      NAME,
      /does not begin like a safetensors/,
    ],
    ['zeros', Buffer.alloc(5000), NAME, /does not begin like a safetensors/],
    ['a gguf that was cut', anyGguf(4096).subarray(0, -9), 'foo.gguf', /truncated by 9 bytes/],
    ['a gguf that was cut in its header', anyGguf(4096).subarray(0, 30), 'foo.gguf', /truncated/],
    ['bytes under the name of a gguf', Buffer.alloc(100, 0xfe), 'foo.gguf', /does not begin like a gguf/],
    ['a ZIP that was cut', zip.subarray(0, -30), 'foo.pt', /truncated: its end is missing/],
    ['a ZIP under the name of a safetensors', zip, NAME, /it is a ZIP archive/],
    ['a pickle under the name of a safetensors', pickle, NAME, /it is a Python pickle/],
    ['a gguf under the name of a safetensors', anyGguf(4096), NAME, /it is a gguf/],
    ['nothing', Buffer.alloc(0), NAME, /it is empty/],
  ]
  test.each(bad)('%s is not', async (_what, content, name, reason) => {
    const error = await check(content, name)
    expect(error).toMatchObject({ code: 'checksum_mismatch' })
    expect(String(error)).toMatch(reason)
    expect(String(error)).toContain(name)
  })

  test('one of another size than it should have is not', async () => {
    expect(await check(whole, NAME, whole.length + 1)).toMatchObject({
      code: 'checksum_mismatch',
      message: expect.stringContaining(`it has ${whole.length} bytes instead of ${whole.length + 1}`),
    })
  })

  test('a page is none, whatever its name', async () => {
    const page = bytes(`<html>${' '.repeat(2 * BEGINNING_BYTES)}`)
    for (const name of [NAME, 'foo.ckpt', 'foo.gguf', 'foo']) {
      expect(await check(page, name)).toMatchObject({ code: 'upstream_unavailable' })
    }
  })

  test('property: a file that ends early anywhere is not usable', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 2, max: whole.length - 1 }), async (length) => {
        expect(await check(whole.subarray(0, length), NAME)).toMatchObject({ code: 'checksum_mismatch' })
      }),
      { numRuns: 60 },
    )
  })

  test('one that is not there', async () => {
    expect(await rejection(checkModelFile('/nonexistent/part', 1, NAME))).toMatchObject({ code: 'ENOENT' })
  })
})
