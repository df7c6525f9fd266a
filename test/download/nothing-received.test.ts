import { describe, expect, test } from 'bun:test'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { createDiskSpace } from '../../src/download/space.ts'
import { SourceRefused } from '../../src/net/file-source.ts'
import type { Conduct } from '../support/file-server.ts'
import { HIGH, payloadBytes } from '../support/payloads.ts'
import { rejection } from '../support/rejection.ts'
import { aSource, cleanUp, download, gate, KIB, newTarget, type Setting, serve } from './world.ts'

cleanUp()
const file = payloadBytes(HIGH.seed)

const full = createDiskSpace({ quotaBytes: 1, minFreeBytes: 0, usedBytes: async () => 0 })

describe('where no byte came, nothing is left of a download that', () => {
  test.each<readonly [name: string, conduct: Conduct, setting: Partial<Setting>]>([
    ['needs a login', { status: 401 }, {}],
    ['is of nothing', { status: 404 }, {}],
    ['is refused again and again', { status: 503 }, {}],
    ['got a web page', { headers: { 'content-type': 'text/html' } }, {}],
    ['got the bytes of a web page', { file: Buffer.from('<!DOCTYPE html><html><body>Log in</body></html>') }, {}],
    ['was to have another size', {}, { request: { expected: { sizeBytes: 5 } } }],
    ['has no room', {}, { space: full }],
  ])('%s', async (_, conduct, setting) => {
    const server = await serve(file, () => conduct)
    const target = newTarget()
    expect(await rejection(download({ target, sources: [aSource(server.url)], ...setting }))).toBeInstanceOf(Error)
    expect(server.requests.length).toBeGreaterThan(0)
    expect(readdirSync(dirname(target))).toEqual([])
  })

  test('was refused before it was asked', async () => {
    const target = newTarget()
    const source = Object.assign(aSource(''), {
      open: () => Promise.reject(new SourceRefused('login', 'Log in first')),
    })
    expect(await rejection(download({ target, sources: [source] }))).toMatchObject({ reason: 'login' })
    expect(readdirSync(dirname(target))).toEqual([])
  })

  test('was cancelled', async () => {
    const held = gate()
    const server = await serve(file, () => ({ until: held.opened }))
    const target = newTarget()
    const cancel = new AbortController()
    const { signal } = cancel
    const ended = rejection(download({ target, sources: [aSource(server.url)], request: { signal } }))
    await server.asked(1)
    expect(existsSync(`${target}.part`)).toBe(true)
    cancel.abort()
    expect(await ended).toMatchObject({ code: 'cancelled' })
    held.open()
    expect(readdirSync(dirname(target))).toEqual([])
  })
})

test('what an earlier run received stays where the next one receives nothing', async () => {
  const target = newTarget()
  const notes = { version: 1, created_at: '', size_bytes: null, sha256: null, tensor_sha256: null, validators: {} }
  writeFileSync(`${target}.part`, file.subarray(0, KIB))
  writeFileSync(`${target}.part.json`, JSON.stringify({ ...notes, intervals: [[0, KIB]], hash: null }))
  const server = await serve(file, () => ({ status: 401 }))
  expect(await rejection(download({ target, sources: [aSource(server.url)] }))).toBeInstanceOf(Error)
  const name = basename(target)
  expect(readdirSync(dirname(target)).sort()).toEqual([`${name}.part`, `${name}.part.json`])
})
