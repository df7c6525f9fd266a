import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import * as v from 'valibot'

const lockSchema = v.object({
  packages: v.record(v.string(), v.object({ version: v.optional(v.string()), integrity: v.optional(v.string()) })),
})

/**
 * Path of libSQL's native addon for a platform: what npm installed for this machine, else the package of the version
 * in package-lock.json, fetched with `npm pack`, checked against the lock's digest, and kept in node_modules/.cache.
 *
 * @throws Error when the lock does not name the package, npm cannot fetch it, or its bytes are not the lock's.
 */
export async function findAddon(projectDir: string, platform: string): Promise<string> {
  const name = `@libsql/${platform}`
  const installed = join(projectDir, 'node_modules', name, 'index.node')
  if (existsSync(installed)) return installed
  const locked = await lockedPackage(projectDir, name)
  const kept = join(projectDir, 'node_modules/.cache/airkeep', `${platform}-${locked.version}`, 'index.node')
  if (!existsSync(kept)) await fetchAddon(name, locked, kept)
  return kept
}

async function lockedPackage(projectDir: string, name: string): Promise<{ version: string; integrity: string }> {
  const lock = v.parse(lockSchema, JSON.parse(await readFile(join(projectDir, 'package-lock.json'), 'utf8')))
  const { version, integrity } = lock.packages[`node_modules/${name}`] ?? {}
  if (!version || !integrity) throw new Error(`package-lock.json has no ${name} with a version and a digest`)
  return { version, integrity }
}

async function fetchAddon(
  name: string,
  { version, integrity }: { version: string; integrity: string },
  to: string,
): Promise<void> {
  await mkdir(dirname(to), { recursive: true })
  const scratch = await mkdtemp(join(dirname(to), 'fetch-'))
  try {
    const archive = await npmPack(`${name}@${version}`, scratch)
    const actual = `sha512-${createHash('sha512').update(archive).digest('base64')}`
    if (actual !== integrity) throw new Error(`${name}@${version} is not what package-lock.json says it is`)
    const addon = (await new Bun.Archive(archive).files()).get('package/index.node')
    if (!addon) throw new Error(`${name}@${version} holds no index.node`)
    const unpacked = join(scratch, 'index.node')
    await writeFile(unpacked, Buffer.from(await addon.arrayBuffer()))
    await rename(unpacked, to)
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

async function npmPack(spec: string, into: string): Promise<Buffer> {
  const npm = process.env.npm_execpath
  const command = npm?.endsWith('npm-cli.js') ? ['node', npm] : ['npm']
  const run = Bun.spawn([...command, 'pack', spec, '--json', '--pack-destination', into, '--loglevel=error'], {
    cwd: into,
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'inherit',
  })
  const printed = await new Response(run.stdout).text()
  if ((await run.exited) !== 0) throw new Error(`npm could not fetch ${spec}; is the network there?`)
  const [packed] = v.parse(v.tuple([v.object({ filename: v.string() })]), JSON.parse(printed))
  return readFile(join(into, packed.filename))
}
