import { describe, expect, test } from 'bun:test'
import { isComplete, mergeAnswers } from '../../../src/cli/catalog/check-answer.ts'
import { renderCheck } from '../../../src/cli/catalog/check-table.ts'
import type { JsonObject } from '../../../src/lib/json.ts'

const page = (status: string, more: JsonObject = {}): JsonObject => ({
  downloaded: status === 'all',
  status,
  path: null,
  syntax_type: 'CIVITDL_WITH_AIR',
  is_valid: true,
  checkable: true,
  files: [],
  notes: [],
  ...more,
})

const answerOf = (results: JsonObject, more: JsonObject = {}): JsonObject => ({
  success: true,
  instance: 'inst_1',
  ui_home: '/ui',
  checked_at: '2026-01-15T00:00:00.000Z',
  results,
  summary: {},
  ...more,
})

test('the table has a badge a page, and a summary', () => {
  const text = renderCheck(
    answerOf({
      'a.md': page('all', { path: '/ui/models/Lora/a.safetensors', files: [{ expected: 'a', status: 'elsewhere' }] }),
      'b.md': page('partial', {
        files: [
          { expected: 'high.safetensors', role: 'high', status: 'present' },
          { expected: 'low.safetensors', role: 'low', status: 'partial' },
        ],
      }),
      'c.md': page('unknown', { reason: 'the folder cannot be read' }),
      'd.md': page('not_applicable', { checkable: false, reason: 'It has no command that downloads a file' }),
    }),
    undefined,
  )
  expect(text.split('\n')).toEqual([
    'STATUS     PAGE  FILES  WHERE',
    '● here     a.md  1/1    /ui/models/Lora/a.safetensors',
    '◐ partly   b.md  1/2    partial: low.safetensors (low)',
    '? unknown  c.md         the folder cannot be read',
    '· nothing  d.md',
    '',
    '4 pages: 1 here, 1 partly here, 1 unknown, 1 without downloads',
    'on inst_1, UI in /ui, 2026-01-15T00:00:00.000Z',
  ])
})

test('what a far host says does not steer the terminal', () => {
  const text = renderCheck(
    answerOf({ 'a.md': page('all', { path: '/ui/\u001b[31m\nx' }) }, { instance: 'root@h\u001b[2J' }),
    80,
  )
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are the subject
  expect(text).not.toMatch(/\u001b/)
})

test('folders that could not be looked into are told', () => {
  const lines = renderCheck(answerOf({}, { notes: ['the folder a\u001b[2J cannot be read'] }), undefined).split('\n')
  expect(lines.at(-1)).toMatch(/^the folder a.*cannot be read$/)
  expect(lines.at(-1)).not.toContain('\u001b')
})

test('a host that could not be looked at is told with what to do', () => {
  const failed = { success: false, reason: 'its key is another one', hint: 'Look there' }
  const key = { host_key: { type: 'ssh-ed25519', fingerprint: 'SHA256:abc' } }
  expect(
    renderCheck(answerOf({}, { ...failed, ...key }), undefined)
      .split('\n')
      .slice(-3),
  ).toEqual([
    'could not look: its key is another one',
    'hint: Look there',
    'the key of that host is SHA256:abc: --accept-host-key SHA256:abc takes it',
  ])
})

describe('complete', () => {
  test.each([
    ['all', {}, true],
    ['not_applicable', { checkable: false }, true],
    ['invalid', { checkable: false }, false],
    ['invalid', { checkable: true }, false],
    ['unknown', {}, false],
    ['unknown', { checkable: false }, false],
    ['partial', {}, false],
    ['none', {}, false],
  ] as const)('%s %j: %p', (status, more, expected) => {
    expect(isComplete(answerOf({ 'a.md': page(status, more) }))).toBe(expected)
  })
})

test('of several calls the one that failed says why', () => {
  const merged = mergeAnswers([
    { output: answerOf({ 'a.md': page('all') }), nameOf: (name) => name },
    {
      output: answerOf(
        { 'b.md': page('unknown') },
        { success: false, reason: 'it is gone', error_code: 'unauthorized' },
      ),
      nameOf: (name) => name,
    },
  ])
  expect(merged).toMatchObject({ success: false, reason: 'it is gone', error_code: 'unauthorized' })
})

test('notes of several calls stand together, and a page that two of them tell of counts once', () => {
  const one = answerOf({ 'a.md': page('all') }, { notes: ['x'], summary: { pages: 1, all: 1 } })
  const same = answerOf(
    { 'd/a.md': page('all', { files: [{ expected: 'a', status: 'present' }] }) },
    { notes: ['x', 'y'], summary: { pages: 1, all: 1, files: 1, files_present: 1 } },
  )
  const merged = mergeAnswers([
    { output: one, nameOf: (name) => `d/${name}` },
    { output: same, nameOf: (name) => name },
  ])
  expect(merged.notes).toEqual(['x', 'y'])
  expect(merged.summary).toEqual({ pages: 1, all: 1, files: 1, files_present: 1 })
})

test('answers of several calls become one', () => {
  const merged = mergeAnswers([
    { output: answerOf({ 'a.md': page('all') }, { summary: { pages: 1, all: 1 } }), nameOf: (name) => `x/${name}` },
    {
      output: answerOf({ 'a.md': page('none') }, { success: false, summary: { pages: 1, none: 1 } }),
      nameOf: (name) => `y/${name}`,
    },
  ])
  expect(merged.success).toBe(false)
  expect(Object.keys(merged.results as JsonObject)).toEqual(['x/a.md', 'y/a.md'])
  expect(merged.summary).toEqual({ pages: 2, all: 1, none: 1 })
})
