import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { JsonObject } from '../../src/lib/json.ts'
import { anMp4, aPng } from '../support/build.ts'
import { type Executable, installExecutable, type Server } from '../support/executable.ts'
import { rejection } from '../support/rejection.ts'
import { KEY_ID, REGION, type S3Checker, SECRET, SESSION, startS3Checker } from '../support/s3-checker.ts'
import { overCommands, overHttp, overMcp, overStdio } from '../support/surfaces.ts'

const TOKEN = 'set-from-outside-0123456789'
const picture = aPng({ text: { parameters: 'a harbor at dusk\nSteps: 28, Model: northwindXL_v2' } })
const clip = anMp4({ sizeBytes: 5 * 2 ** 20 })
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

let executable: Executable
let checker: S3Checker
/** No private address is exempt: the server has to be reached for being named. */
const keys = () => ({
  AWS_ENDPOINT_URL: checker.url,
  AWS_REGION: REGION,
  AWS_ACCESS_KEY_ID: KEY_ID,
  AWS_SECRET_ACCESS_KEY: SECRET,
})
beforeAll(async () => {
  checker = await startS3Checker()
  await checker.put('media', 'renders/harbor at dusk+1.png', picture)
  await checker.put('media', 'renders/tide.mp4', clip)
  await checker.put('open', 'harbor.png', picture)
  executable = installExecutable()
})
afterAll(async () => {
  await executable.remove()
  await checker.close()
})

describe('the command line', () => {
  test('hashes objects as it hashes files', async () => {
    const file = join(executable.folder, 'clip.mp4')
    writeFileSync(file, clip)
    const names = ['s3://media/renders/harbor at dusk+1.png', 's3://media/renders/tide.mp4', file]
    const { exitCode, stdout } = await executable.run(['hash', ...names], { env: keys() })
    const digests = [picture, clip, clip].map(sha256)
    expect({ exitCode, stdout }).toEqual({
      exitCode: 0,
      stdout: names.map((name, at) => `${digests[at]}  ${name}\n`).join(''),
    })
  })

  test('with a temporary key from the config file', async () => {
    const config = join(executable.folder, 's3.jsonc')
    const settings = {
      aws_endpoint_url_s3: checker.url,
      AWS_DEFAULT_REGION: REGION,
      aws_access_key_id: SESSION.keyId,
      aws_secret_access_key: SESSION.secret,
      AWS_SESSION_TOKEN: SESSION.token,
    }
    writeFileSync(config, JSON.stringify(settings))
    const { exitCode, stdout } = await executable.run([
      ...['calculate-sha256', '--path', 's3://media/renders/tide.mp4', '--json', '--config', config],
    ])
    expect(exitCode).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ sha256sum: sha256(clip), size_bytes: clip.length })
    const shown = await executable.run(['config', 'show', '--json', '--config', config])
    expect(shown.stdout).toContain(SESSION.keyId)
    for (const secret of [SESSION.secret, SESSION.token]) expect(shown.stdout).not.toContain(secret)
  })

  test('says what a picture there needs', async () => {
    const args = ['import', 's3://media/renders/harbor at dusk+1.png', '--dry-run', '--json']
    const { exitCode, stdout } = await executable.run(args, { env: keys() })
    expect(exitCode).toBe(0)
    expect(stdout).toContain('northwindXL_v2')
  })

  test.each([
    ['a missing key', 's3://media/none', {}, 4, 'there is no such object'],
    [
      'a wrong secret',
      's3://media/renders/tide.mp4',
      { AWS_SECRET_ACCESS_KEY: 'wrong-0123' },
      3,
      'AWS_SECRET_ACCESS_KEY',
    ],
    [
      'no keys',
      's3://media/renders/tide.mp4',
      { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' },
      3,
      'AWS_ACCESS_KEY_ID',
    ],
    ['another region', 's3://media/renders/tide.mp4', { AWS_REGION: 'us-west-2' }, 2, `Set AWS_REGION=${REGION}`],
    ['a key that leads out', 's3://media/../open/harbor.png', {}, 2, 'leads out of the bucket'],
    ['an endpoint that is none', 's3://media/a', { AWS_ENDPOINT_URL: 'minio:9000' }, 2, 'AWS_ENDPOINT_URL'],
  ])('%s: the exit code and the setting', async (_, path, env, code, message) => {
    const { exitCode, stderr } = await executable.run(['hash', path], { env: { ...keys(), ...env } })
    expect(stderr).toContain(message)
    expect(stderr).not.toContain('wrong-0123')
    expect(exitCode).toBe(code)
  })
})

describe('a running serve', () => {
  let server: Server
  beforeAll(async () => {
    server = await executable.serve([], {
      env: { ...keys(), AIRKEEP_TOKEN: TOKEN, AIRKEEP_S3_BUCKETS: 'media', AIRKEEP_LOG: 'debug' },
    })
  })

  const post = async (path: string, body: JsonObject): Promise<[number, JsonObject]> => {
    const response = await fetch(`${server.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${TOKEN}` },
      body: JSON.stringify(body),
    })
    return [response.status, (await response.json()) as JsonObject]
  }

  test('records objects of a listed bucket for a caller with a token', async () => {
    expect(await post('/v1/hash', { path: 's3://media/renders/tide.mp4' })).toEqual([
      200,
      { sha256sum: sha256(clip), size_bytes: clip.length, path: 's3://media/renders/tide.mp4' },
    ])
    const asset = {
      asset_url: 's3://media/renders/harbor at dusk+1.png',
      asset_type: 'image',
      asset_source: 'generated',
    }
    const [status, recorded] = await post('/v1/assets', asset)
    expect(status).toBe(201)
    expect(recorded).toMatchObject({ sha256sum: sha256(picture), models: [{ name: 'northwindXL_v2' }] })
    expect(await post('/v1/assets', asset)).toMatchObject([409, { existing: { asset_id: recorded['asset_id'] } }])
  })

  test('reads no other for it, and any for its owner', async () => {
    const before = checker.requests.length
    for (const path of ['s3://open/harbor.png', 's3://open/none', 's3://nowhere/a']) {
      expect(await post('/v1/hash', { path })).toMatchObject([403, { code: 'forbidden' }])
    }
    expect(checker.requests.length).toBe(before)
    const { exitCode, stdout } = await executable.run(['hash', 's3://open/harbor.png'])
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: `${sha256(picture)}  s3://open/harbor.png\n` })
  })

  test('keeps its keys out of the log', async () => {
    await post('/v1/hash', { path: 's3://far/a' })
    await post('/v1/hash', { path: 's3://media/none' })
    expect(await server.stop()).toBe(0)
    const log = server.stderr()
    expect(log).toContain('/v1/hash')
    for (const secret of [SECRET, 'Signature=', 'AWS4-HMAC']) expect(log).not.toContain(secret)
  })
})

test('every surface reads the same object', async () => {
  const data = join(executable.folder, 'surfaces')
  const server = await executable.serve([], { env: keys(), data })
  const surfaces = [overHttp(server.url), await overMcp(server.url), overCommands(executable, { AIRKEEP_DATA: data })]
  for (const surface of surfaces) {
    const path = 's3://media/renders/harbor at dusk+1.png'
    expect(await surface.invoke('calculate_sha256', { path })).toMatchObject({ sha256sum: sha256(picture), path })
    const missing = await rejection(surface.invoke('calculate_sha256', { path: 's3://media/none' }))
    expect(missing).toMatchObject({ code: 'not_found', detail: 'Cannot read s3://media/none: there is no such object' })
    await surface.close()
  }
  await server.stop()
  const alone = await overStdio(executable, { ...keys(), AIRKEEP_DATA: data })
  expect(await alone.invoke('calculate_sha256', { path: 's3://media/renders/tide.mp4' })).toMatchObject({
    size_bytes: clip.length,
  })
  await alone.close()
})
