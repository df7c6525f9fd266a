/**
 * Reading prompts out of pictures against exiftool: `bun scripts/bench/import.ts [--files N] [--rounds N] [--binary PATH]`.
 * Pictures of 2 MB, half with an infotext, half with graph and workflow of ComfyUI. Two figures: the threads of a program
 * that runs already, as a server has them, and the whole command, start and end included. `exiftool -j` is one process
 * for all files in both.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createPromptReader } from '../../src/import/read/reader.ts'
import { inParallel } from '../../src/lib/in-parallel.ts'
import { DEFAULT_LIMITS } from '../../src/media/container.ts'
import { chunk, end, header, PNG_SIGNATURE, tEXt } from '../fixtures/png-writer.ts'
import { NOWHERE } from '../nowhere.ts'
import { BINARY } from './server.ts'
import { compare, timed } from './sides.ts'

const { values } = parseArgs({
  options: { files: { type: 'string' }, rounds: { type: 'string' }, binary: { type: 'string' } },
})
const count = Number(values.files ?? 1000)
const rounds = Number(values.rounds ?? 7)
const binary = values.binary ?? BINARY
const WANTED = 20

const dir = mkdtempSync(join(tmpdir(), 'airkeep-bench-'))
const pictures = join(dir, 'pictures')
mkdirSync(pictures)
try {
  const paths = Array.from({ length: count }, (_, at) => aPicture(at))
  const before = (): void => paths.forEach((path) => void readFileSync(path))
  const theirs = () => timed(() => spawn(['exiftool', '-j', '-q', pictures]))
  const reader = createPromptReader({ size: availableParallelism(), limits: DEFAULT_LIMITS })
  await readAll(reader, paths)
  await compare({
    label: `${count} PNGs of 2 MB read and understood by threads that run`,
    unit: 'files',
    amount: count,
    wanted: WANTED,
    rounds,
    before,
    ours: () => timed(() => readAll(reader, paths)),
    theirs,
  })
  await reader.close()
  await compare({
    label: `the same by the command \`import DIR --dry-run --json\`, with its start`,
    unit: 'files',
    amount: count,
    wanted: WANTED,
    rounds,
    before,
    ours: () => timed(() => spawn([binary, 'import', pictures, '--dry-run', '--json', '--data', join(dir, 'data')])),
    theirs,
  })
} finally {
  rmSync(dir, { recursive: true })
}

async function readAll(reader: ReturnType<typeof createPromptReader>, paths: readonly string[]): Promise<void> {
  let models = 0
  await inParallel(paths, 64, async (path) => {
    const { prompt } = await reader.read({ from: { kind: 'path', path }, format: 'auto' })
    models += prompt.dependencies.length
  })
  if (models < 2 * paths.length) throw new Error(`Only ${models} models were found in ${paths.length} pictures`)
}

async function spawn(args: readonly string[]): Promise<void> {
  const started = Bun.spawn([...args], {
    cwd: dir,
    env: { PATH: process.env.PATH, HOME: dir, ...NOWHERE },
    stdout: 'pipe',
    stderr: 'inherit',
  })
  const output = await new Response(started.stdout).text()
  if ((await started.exited) !== 0) throw new Error(`${args[0]} failed`)
  const parsed: unknown = JSON.parse(output)
  const items = Array.isArray(parsed) ? parsed : Reflect.get(Object(parsed), 'items')
  if (!Array.isArray(items) || items.length !== readdirSync(pictures).length)
    throw new Error(`${args[0]} left some out`)
}

/** Pixels of noise in pieces of 64 KiB, as Pillow writes them, behind the texts. */
function aPicture(at: number): string {
  const path = join(pictures, `${at}.png`)
  const pixels = crypto.getRandomValues(new Uint8Array(65_536))
  const pieces = Array.from({ length: 31 }, () => chunk('IDAT', pixels))
  const texts = at % 2 === 0 ? [tEXt('parameters', infotext(at))] : comfy(at)
  writeFileSync(path, Buffer.concat([PNG_SIGNATURE, header(1024, 1024), ...texts, ...pieces, end()]))
  return path
}

function infotext(at: number): string {
  const prompt = `a harbor at dusk, paper lanterns, view ${at}, <lora:ink_wash_style:0.8> <lora:glass-rain:0.4>`
  const parameters = [
    ...['Steps: 24', 'Sampler: DPM++ 2M', 'Schedule type: Karras', 'CFG scale: 6.5', `Seed: ${at}`, 'Size: 1024x1024'],
    ...[
      'Model hash: 1a2b3c4d5e',
      'Model: harborMix_v2',
      'Lora hashes: "ink_wash_style: 0123456789ab"',
      'Version: v1.10.1',
    ],
  ]
  return `${prompt}\nNegative prompt: blurry, soft-hands\n${parameters.join(', ')}`
}

/** A graph of nine nodes and its workflow: 2 and 9 KB. */
function comfy(at: number): Buffer[] {
  const graph = {
    1: { class_type: 'CheckpointLoaderSimple', inputs: { ckpt_name: 'harborMix_v2.safetensors' } },
    2: {
      class_type: 'LoraLoader',
      inputs: {
        lora_name: 'ink_wash_style.safetensors',
        strength_model: 0.8,
        strength_clip: 1,
        model: ['1', 0],
        clip: ['1', 1],
      },
    },
    3: { class_type: 'CLIPTextEncode', inputs: { text: `a harbor at dusk, view ${at}`, clip: ['2', 1] } },
    4: { class_type: 'CLIPTextEncode', inputs: { text: 'blurry', clip: ['2', 1] } },
    5: { class_type: 'EmptyLatentImage', inputs: { width: 1024, height: 1024, batch_size: 1 } },
    6: {
      class_type: 'KSampler',
      inputs: {
        ...{ seed: at, steps: 24, cfg: 6.5, sampler_name: 'dpmpp_2m', scheduler: 'karras', denoise: 1 },
        ...{ model: ['2', 0], positive: ['3', 0], negative: ['4', 0], latent_image: ['5', 0] },
      },
    },
    7: { class_type: 'VAELoader', inputs: { vae_name: 'harbor.vae.safetensors' } },
    8: { class_type: 'VAEDecode', inputs: { samples: ['6', 0], vae: ['7', 0] } },
    9: { class_type: 'SaveImage', inputs: { images: ['8', 0], filename_prefix: 'harbor' } },
  }
  const nodes = Object.entries(graph).map(([id, { class_type, inputs }]) => ({
    id: Number(id),
    type: class_type,
    pos: [200 * Number(id), 100],
    size: [315, 262],
    flags: {},
    order: Number(id),
    mode: 0,
    inputs: Object.keys(inputs).map((name) => ({ name, type: '*', link: null, widget: { name } })),
    outputs: [],
    properties: { 'Node name for S&R': class_type },
    widgets_values: Object.values(inputs).map((value) => (Array.isArray(value) ? null : value)),
  }))
  return [tEXt('prompt', JSON.stringify(graph)), tEXt('workflow', JSON.stringify({ nodes, links: [], version: 0.4 }))]
}
