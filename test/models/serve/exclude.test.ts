import { describe, expect, test } from 'bun:test'
import { createServeRule, type JudgedFile, type ServeRuleOptions } from '../../../src/models/serve/exclude.ts'

const rule = (over: Partial<ServeRuleOptions> = {}) =>
  createServeRule({ exclude: [], allowPickle: false, now: () => 0, ...over })

const aFile = (over: Partial<JudgedFile> = {}): JudgedFile => ({
  path: '/data/models/loras/style/foo.safetensors',
  relative: 'loras/style/foo.safetensors',
  aliases: [],
  state: 'ok',
  license: null,
  baseModel: null,
  civitai: null,
  ...over,
})

describe('globs', () => {
  test.each([
    ['*.safetensors'],
    ['foo.safetensors'],
    ['FOO.*'],
    ['loras'],
    ['loras/'],
    ['./loras/style'],
    ['loras/**'],
    ['style/*'],
    ['style/foo.safetensors'],
    ['**/foo*'],
    ['l?ras/*/foo.*'],
    ['{loras,vae}/**'],
    ['/data/models/loras'],
    ['/data/**'],
    [' foo.safetensors '],
    ['models'],
    ['*'],
    ['**'],
  ])('%s covers it', (glob) => {
    expect(rule({ exclude: ['nothing', glob] }).whyNotServed([aFile()])).toMatchObject({ code: 'not_found' })
  })

  test.each([
    ['foo'],
    ['oras'],
    ['/loras'],
    ['/foo.safetensors'],
    ['*.ckpt'],
    ['vae/**'],
    ['style/foo'],
    ['foo.safetensors/x'],
    ['!*.ckpt'],
    [''],
    ['/'],
    ['#loras'],
  ])('%s does not', (glob) => {
    expect(rule({ exclude: [glob] }).whyNotServed([aFile()])).toBeUndefined()
  })

  test.each([
    ['private/**', aFile({ relative: 'loras/private/.hidden/a.safetensors', path: '/r/a' })],
    ['private', aFile({ relative: 'loras/private/with\nbreak/a\nb.safetensors', path: '/r/a' })],
    ['*.safetensors', aFile({ relative: 'a\nb.safetensors', path: '/r/a\nb.safetensors' })],
    ['caf\u00e9*', aFile({ relative: 'cafe\u0301.safetensors', path: '/r/x' })],
    ['private', aFile({ aliases: ['/data/models/private/link.safetensors'] })],
    ['private/link.*', aFile({ aliases: ['/data/models/private/link.safetensors'] })],
  ])('%s covers what has another form or another name (%#)', (glob, file) => {
    expect(rule({ exclude: [glob] }).whyNotServed([file])).toMatchObject({ code: 'not_found' })
  })

  test.each([
    ['foo (v1.0).safetensors', 'foo (v1.0).safetensors'],
    ['foo (v1.*).safetensors', 'foo (v1.0).safetensors'],
    ['foo@(old)*', 'foo@(old).gguf'],
    ['a|b.gguf', 'a|b.gguf'],
    ['[style] x.gguf', '[style] x.gguf'],
    ['[Style] X', '[style] x/y/z.gguf'],
    ['why?.gguf', 'why?.gguf'],
    ['a{1,2}.gguf', 'a{1,2}.gguf'],
    ['loras//foo.gguf', 'loras/foo.gguf'],
    ['/data/models/[a]', '[a]/foo.gguf'],
  ])('%s covers %s, which is how a name is pasted', (glob, relative) => {
    const file = aFile({ relative, path: `/data/models/${relative}` })
    expect(rule({ exclude: [glob] }).whyNotServed([file])).toMatchObject({ code: 'not_found' })
    expect(rule({ exclude: [glob] }).whyNotServed([aFile({ relative: 'x', path: '/data/models/x' })])).toBeUndefined()
  })

  test('bytes that one glob closes are closed under their other names', () => {
    const copies = [aFile(), aFile({ path: '/data/private/x.safetensors', relative: 'private/x.safetensors' })]
    expect(rule({ exclude: ['private/**'] }).whyNotServed(copies)).toMatchObject({ code: 'not_found' })
  })

  test('one that cannot be read is refused at the start, since it would exclude nothing', () => {
    expect(() => rule({ exclude: ['ok', '[z-a]'] })).toThrow('Cannot read the glob "[z-a]" of AIRKEEP_SERVE_EXCLUDE')
  })
})

describe('states', () => {
  test.each([
    ['ok', undefined],
    ['partial', 'not_found'],
    ['truncated', 'not_found'],
    ['corrupt', 'not_found'],
    ['html', 'not_found'],
    ['unreadable', 'not_found'],
    ['pickle', 'forbidden'],
  ] as const)('%s: %s', (state, code) => {
    expect(rule().whyNotServed([aFile({ state })])?.code).toBe(code as never)
    expect(rule().whyNotServed([aFile({ state }), aFile()])).toBeUndefined()
    expect(rule().isServable({ state })).toBe(state === 'ok')
  })

  test('pickles go where the owner allows them', () => {
    const open = rule({ allowPickle: true })
    expect(open.whyNotServed([aFile({ state: 'pickle' })])).toBeUndefined()
    expect(open.isServable({ state: 'pickle' })).toBe(true)
    expect(open.isServable({ state: 'corrupt' })).toBe(false)
  })

  test('nothing at all is not found', () => {
    expect(rule().whyNotServed([])).toMatchObject({ code: 'not_found' })
  })
})

test('a licence that forbids it closes every copy, and says until when', () => {
  const early = aFile({
    civitai: { availability: 'EarlyAccess', paid_access: { permanent: false, ends_at: '2026-12-01T00:00:00.000Z' } },
  })
  const until = Date.UTC(2026, 11, 1)
  expect(rule().whyNotServed([aFile(), early])).toMatchObject({ code: 'license_blocked', until })
  expect(rule({ now: () => until }).whyNotServed([aFile(), early])).toBeUndefined()
})
