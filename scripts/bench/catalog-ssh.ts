/**
 * One listing for a whole catalog against one ssh for every pattern of every page, over loopback to an sshd that this
 * starts: `bun scripts/bench/catalog-ssh.ts [--pages N] [--files N] [--rounds N]`. Wanted: at least 20 times as fast.
 */
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { OWNER } from '../../src/operation/permission.ts'
import { acquaintedLister, targetOf } from '../../test/support/ssh-lister.ts'
import { startSshServer } from '../../test/support/ssh-server.ts'
import { median } from './server.ts'
import { timed } from './sides.ts'

const { values } = parseArgs({
  options: { pages: { type: 'string' }, files: { type: 'string' }, rounds: { type: 'string' } },
})
const PAGES = Number(values.pages ?? 20)
const FILES = Number(values.files ?? 2_000)
const ROUNDS = Number(values.rounds ?? 3)

/** A page names a version of Civitai (three extensions are looked for) or a file (one name). Every other one is there. */
interface Page {
  readonly folder: string
  readonly patterns: readonly string[]
  /** The file, where it is there. */
  readonly file: string | undefined
}

const pages = Array.from({ length: PAGES }, (_, at): Page => {
  const version = 910_000 + at
  const civitai = at % 5 < 3
  const folder = ['models/Lora', 'models/Stable-diffusion', 'models/VAE'][at % 3] ?? ''
  const name = civitai ? `Harbor ${at}/harbor-mid_${at}-vid_${version}.safetensors` : `file-${version}.safetensors`
  const patterns = civitai ? ['safetensors', 'ckpt', 'pth'].map((end) => `*${version}*.${end}`) : [`*${version}*`]
  return { folder, patterns, file: at % 2 === 0 ? name : undefined }
})

const folder = mkdtempSync(join(tmpdir(), 'airkeep-bench-ssh-'))
const home = join(folder, 'ui')
const put = (path: string): void => {
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, '')
}
for (const page of pages) if (page.file !== undefined) put(join(home, page.folder, page.file))
for (let at = 0; at < FILES; at += 1) put(join(home, 'models', `set-${at % 50}`, `model-${at}.safetensors`))

await using server = await startSshServer({ folder: join(folder, 'sshd') })
const lister = acquaintedLister(folder, server)
const target = targetOf(server)
const { signal } = new AbortController()

async function oneListing(): Promise<number> {
  const folders = [...new Set(pages.map((page) => page.folder))]
  const { files } = await lister.list({ target, actor: OWNER, uiHome: home, folders, signal })
  const there = new Set(files.map(({ path }) => path))
  return pages.filter(({ file }) => file !== undefined && there.has(file)).length
}

/** One connection after the other, as the first implementation did; a page is done with its first match. */
async function oneByOne(): Promise<number> {
  let found = 0
  for (const page of pages) {
    for (const pattern of page.patterns) {
      const find = `find ${join(home, page.folder)} -maxdepth 2 -name "${pattern}" 2>/dev/null | head -1`
      if ((await ssh(find)).trim() === '') continue
      found += 1
      break
    }
  }
  return found
}

const OPTIONS = ['ConnectTimeout=5', 'StrictHostKeyChecking=yes', `UserKnownHostsFile=${join(folder, 'known_hosts')}`]

async function ssh(command: string): Promise<string> {
  const options = [...OPTIONS, `HostKeyAlias=[127.0.0.1]:${server.port}`].flatMap((option) => ['-o', option])
  const args = ['-F', 'none', '-p', String(server.port), '-i', server.key, ...options]
  const child = spawn('ssh', [...args, `${server.user}@127.0.0.1`, command], { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  for await (const chunk of child.stdout) said += String(chunk)
  return said
}

const expected = pages.filter(({ file }) => file !== undefined).length
const seconds = { ours: [] as number[], theirs: [] as number[] }
const check = (side: string, found: number): void => {
  if (found !== expected) throw new Error(`${side} found ${found} of ${expected}`)
}
try {
  await oneListing()
  for (let round = 0; round < ROUNDS; round += 1) {
    seconds.theirs.push(await timed(async () => check('theirs', await oneByOne())))
    seconds.ours.push(await timed(async () => check('ours', await oneListing())))
  }
  const [ours, theirs] = [median(seconds.ours), median(seconds.theirs)]
  process.stdout.write(
    `${PAGES} pages over ssh: ${(theirs / ours).toFixed(1)} times as fast (wanted 20): one listing ${(ours * 1000).toFixed(0)} ms, one ssh for each pattern ${(theirs * 1000).toFixed(0)} ms; medians of ${ROUNDS} rounds\n`,
  )
} finally {
  rmSync(folder, { recursive: true, force: true })
}
