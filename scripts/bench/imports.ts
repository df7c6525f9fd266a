/**
 * How many imports a second, each of a prompt with 10 models, against a library of 100,000 files that is indexed and
 * hashed: `bun scripts/bench/imports.ts [--files N] [--imports N] [--rounds N] [--keep DIR]`. The executable serves;
 * a batch goes to it over HTTP, and the time ends with the last job. Half of the prompts are infotexts that name models
 * by hashes (renamed ones among them), half are graphs of ComfyUI that name files. With --keep the library is made in DIR
 * and found there the next time: hashing it takes minutes.
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { NOWHERE } from '../nowhere.ts'
import { BINARY, median, startServer } from './server.ts'

const { values } = parseArgs({
  options: {
    files: { type: 'string' },
    imports: { type: 'string' },
    rounds: { type: 'string' },
    keep: { type: 'string' },
  },
})
const FILES = Number(values.files ?? 100_000)
const IMPORTS = Number(values.imports ?? 500)
const ROUNDS = Number(values.rounds ?? 7)
const WANTED = 200

interface Model {
  readonly type: 'checkpoints' | 'loras' | 'vae'
  readonly name: string
  readonly sha256: string
  readonly tensorSha256: string
}

const dir = values.keep ?? mkdtempSync(join(tmpdir(), 'airkeep-bench-'))
const models = join(dir, 'models')
const data = join(dir, 'data')
const isKept = existsSync(data)
const env = { AIRKEEP_MODELS: models }
try {
  const made = Array.from({ length: FILES }, (_, at) => aModel(at))
  if (!isKept) await scan()
  const server = await startServer(data, env)
  try {
    const origin = `http://127.0.0.1:${server.port}`
    // The look at the folders with which it begins is over, and everything is compiled.
    await run(origin, made, -1)
    await Bun.sleep(5_000)
    const seconds: number[] = []
    for (let round = 0; round < ROUNDS; round += 1) seconds.push(await run(origin, made, round))
    const speed = (of: number): string => (IMPORTS / of).toFixed(0)
    process.stdout.write(
      `${IMPORTS} imports of 10 models each, ${FILES} files indexed, ${availableParallelism()} cores: median ${speed(median(seconds))}, ` +
        `best ${speed(Math.min(...seconds))}, least ${speed(Math.max(...seconds))} imports/s (wanted ${WANTED}); ${ROUNDS} rounds\n`,
    )
  } finally {
    await server.stop()
  }
} finally {
  if (values.keep === undefined) rmSync(dir, { recursive: true })
}

/** One batch, from its request to the end of the last job; every model has to be found. */
async function run(origin: string, made: readonly Model[], round: number): Promise<number> {
  const items = Array.from({ length: IMPORTS }, (_, at) => ({ payload: promptOf(made, round, at) }))
  const body = JSON.stringify({ items })
  const begin = performance.now()
  const headers = { 'content-type': 'application/json' }
  const accepted = await fetch(`${origin}/v1/prompts/import/batch`, { method: 'POST', headers, body })
  if (accepted.status !== 202) throw new Error(`status ${accepted.status}: ${await accepted.text()}`)
  const { batch_id } = (await accepted.json()) as { batch_id: string }
  const jobs = `${origin}/v1/prompts/import?batch_id=${batch_id}`
  for (let asked = 1; ; asked += 1) {
    const left = IMPORTS - (await ask(`${jobs}&status=completed&limit=1`)).count
    if (left === 0) break
    if (asked % 50 === 0) await refuseUnfinished(jobs)
    // Asking costs the server time too: the more often, the less is left.
    await Bun.sleep(Math.max(20, left))
  }
  const seconds = (performance.now() - begin) / 1000
  const { items: ended } = await ask(`${jobs}&limit=500`)
  for (const { dependencies } of ended) {
    if (dependencies.length !== 10 || dependencies.some(({ status }) => status !== 'resolved'))
      throw new Error(`An import has other models: ${JSON.stringify(dependencies, null, 1)}`)
  }
  return seconds
}

interface Jobs {
  readonly count: number
  readonly items: readonly { readonly dependencies: readonly { readonly status: string }[] }[]
}

async function ask(url: string): Promise<Jobs> {
  return (await (await fetch(url)).json()) as Jobs
}

async function refuseUnfinished(jobs: string): Promise<void> {
  for (const status of ['failed', 'partially_completed']) {
    const { items } = await ask(`${jobs}&status=${status}&limit=1`)
    if (items.length > 0) throw new Error(`An import did not find its models: ${JSON.stringify(items, null, 1)}`)
  }
}

async function scan(): Promise<void> {
  const started = Bun.spawn([BINARY, 'scan', models, '--data', data, '--json'], {
    cwd: dir,
    env: { PATH: process.env.PATH, HOME: dir, ...NOWHERE, ...env },
    stdout: 'pipe',
    stderr: 'inherit',
  })
  const output = await new Response(started.stdout).text()
  await started.exited
  const job = JSON.parse(output) as { status: string; files_hashed: number }
  if (job.status !== 'completed' || job.files_hashed !== FILES) throw new Error(`The scan ended with ${output}`)
}

/** One in ten is a checkpoint, one in twenty a VAE, and a few hundred share a folder. */
function aModel(at: number): Model {
  const type = at % 10 === 0 ? 'checkpoints' : at % 20 === 1 ? 'vae' : 'loras'
  const name = `set-${at % 300}/model_${at}_v${at % 7}.safetensors`
  const folder = join(models, type, `set-${at % 300}`)
  if (!isKept) mkdirSync(folder, { recursive: true })
  const body = Buffer.alloc(64, `tensor ${at} `)
  const json = JSON.stringify({
    __metadata__: { ss_output_name: `trained_${at}`, ss_sd_model_name: 'base', ss_network_dim: '16' },
    w: { dtype: 'U8', shape: [body.length], data_offsets: [0, body.length] },
  })
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(json.length))
  const bytes = Buffer.concat([length, Buffer.from(json), body])
  if (!isKept) writeFileSync(join(models, type, name), bytes)
  const digest = (of: Uint8Array): string => createHash('sha256').update(of).digest('hex')
  return { type, name, sha256: digest(bytes), tensorSha256: digest(body) }
}

/** Other models in each import of each round. */
function promptOf(made: readonly Model[], round: number, at: number): string {
  const pick = (type: Model['type'], count: number): readonly Model[] => {
    const found = new Set<Model>()
    for (let step = (round + 2) * 7_919 + at * 8_689; found.size < count; step += 104_729) {
      const model = made[step % made.length]
      if (model?.type === type) found.add(model)
    }
    return [...found]
  }
  const [main] = pick('checkpoints', 1)
  const [vae] = pick('vae', 1)
  const loras = pick('loras', 8)
  if (main === undefined || vae === undefined) throw new Error('There are too few files')
  return at % 2 === 0 ? infotext(at, main, vae, loras) : graph(at, main, vae, loras)
}

function infotext(at: number, main: Model, vae: Model, loras: readonly Model[]): string {
  // Every third one has another name here.
  const names = loras.map((lora, place) => (place % 3 === 0 ? `elsewhere_${at}_${place}` : stemOf(lora)))
  const tags = names.map((name) => `<lora:${name}:0.8>`).join(' ')
  const hashes = loras.map(({ tensorSha256 }, place) => `${names[place]}: ${tensorSha256.slice(0, 12)}`).join(', ')
  const parameters = [
    ...['Steps: 24', 'Sampler: DPM++ 2M', 'Schedule type: Karras', 'CFG scale: 6.5', `Seed: ${at}`, 'Size: 1024x1024'],
    ...[`Model hash: ${main.sha256.slice(0, 10)}`, `Model: ${stemOf(main)}`],
    ...[`VAE hash: ${vae.sha256.slice(0, 10)}`, `VAE: ${stemOf(vae)}.safetensors`],
    ...[`Lora hashes: "${hashes}"`, 'Version: v1.10.1'],
  ]
  return `a harbor at dusk, paper lanterns, view ${at}, ${tags}\nNegative prompt: blurry, soft-hands\n${parameters.join(', ')}`
}

function graph(at: number, main: Model, vae: Model, loras: readonly Model[]): string {
  const chain = loras.map((lora, place) => [
    String(10 + place),
    {
      class_type: 'LoraLoader',
      inputs: {
        lora_name: lora.name,
        ...{ strength_model: 0.8, strength_clip: 1 },
        ...{ model: [place === 0 ? '1' : String(9 + place), 0], clip: [place === 0 ? '1' : String(9 + place), 1] },
      },
    },
  ])
  const last = String(9 + loras.length)
  return JSON.stringify({
    1: { class_type: 'CheckpointLoaderSimple', inputs: { ckpt_name: main.name } },
    ...Object.fromEntries(chain),
    3: { class_type: 'CLIPTextEncode', inputs: { text: `a harbor at dusk, view ${at}`, clip: [last, 1] } },
    4: { class_type: 'CLIPTextEncode', inputs: { text: 'blurry', clip: [last, 1] } },
    5: { class_type: 'EmptyLatentImage', inputs: { width: 1024, height: 1024, batch_size: 1 } },
    6: {
      class_type: 'KSampler',
      inputs: {
        ...{ seed: at, steps: 24, cfg: 6.5, sampler_name: 'dpmpp_2m', scheduler: 'karras', denoise: 1 },
        ...{ model: [last, 0], positive: ['3', 0], negative: ['4', 0], latent_image: ['5', 0] },
      },
    },
    7: { class_type: 'VAELoader', inputs: { vae_name: vae.name } },
    8: { class_type: 'VAEDecode', inputs: { samples: ['6', 0], vae: ['7', 0] } },
    9: { class_type: 'SaveImage', inputs: { images: ['8', 0], filename_prefix: 'harbor' } },
  })
}

function stemOf({ name }: Model): string {
  return name.slice(name.lastIndexOf('/') + 1, name.lastIndexOf('.'))
}
