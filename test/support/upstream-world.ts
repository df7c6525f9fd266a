import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type AirkeepNode, startAirkeepNode } from './airkeep-node.ts'
import { ARCHIVED, EARLY, HARBOR_LIGHTS, NORTHWIND } from './civitai-examples.ts'
import { type FakeCivitai, startFakeCivitai } from './fake-civitai.ts'
import { type FakeHuggingFace, startFakeHuggingFace } from './fake-hugging-face.ts'
import { type FakeStorage, startFakeStorage } from './fake-storage.ts'
import { type FakeSwarm, startFakeSwarm } from './fake-swarm.ts'
import { CHECKPOINT, HIGH, LOW, type Payload, payloadBytes } from './payloads.ts'
import type { StorageFault } from './storage-faults.ts'

/** A node as `add_node` takes it. */
export interface NodeInput {
  readonly name: string
  readonly url: string
  readonly dialect: 'airkeep' | 'swarmui'
  readonly token?: string
}

/** Everything that models come from, in one process; each part has the switches of its own kind. */
export interface UpstreamWorld extends AsyncDisposable {
  /** `misbehave`, `models.odd`, `downloads.gate`. */
  readonly civitai: FakeCivitai
  /** Where Civitai's redirects lead: `conduct`, `expire`. */
  readonly storage: FakeStorage
  /** `misbehave`, `rename`, `tokens`; its storage is `cdn`: `conduct`, `expire`. */
  readonly huggingFace: FakeHuggingFace
  /** Has both halves of the LoRA. */
  readonly node: AirkeepNode
  /** Has the high half. */
  readonly otherNode: AirkeepNode
  /** Has all three files: `isPlain`, `token`, `forgetSessions`. */
  readonly swarm: FakeSwarm
  /** For `add_node`, with tokens that let them serve. */
  readonly nodes: readonly NodeInput[]
  /** Folder of ComfyUI's models below {@link UpstreamWorldOptions.folder}. */
  readonly models: string
  /** For the executable: all of this world and nothing beyond it. */
  readonly env: Readonly<Record<string, string>>
  /** What both storages do from now on; undefined: what they should. */
  storagesDo(fault: StorageFault | undefined): void
}

export interface UpstreamWorldOptions {
  /** An empty folder. */
  readonly folder: string
}

export const HUB_REPO = 'someone/harbor-lights'
export const GATED_REPO = 'someone/behind-a-gate'

/** Paths in {@link HUB_REPO}. */
export const HUB_FILES: readonly (readonly [path: string, payload: Payload])[] = [
  ['loras/harbor_lights_high.safetensors', HIGH],
  ['loras/harbor_lights_low.safetensors', LOW],
  ['northwindXL_v20.safetensors', CHECKPOINT],
]

export async function startUpstreamWorld({ folder }: UpstreamWorldOptions): Promise<UpstreamWorld> {
  await using started = new AsyncDisposableStack()
  const closing = <T extends { close(): Promise<void> }>(part: T): T => started.adopt(part, (each) => each.close())
  const civitai = closing(await startFakeCivitai())
  const storage = closing(await startFakeStorage())
  const huggingFace = closing(await startFakeHuggingFace())
  const node = started.use(await startAirkeepNode({ id: 'inst_one' }))
  const otherNode = started.use(await startAirkeepNode({ id: 'inst_two' }))
  const swarm = started.use(await startFakeSwarm())

  const [high, low, checkpoint] = [HIGH, LOW, CHECKPOINT].map(({ seed }) => payloadBytes(seed)) as [
    Buffer,
    Buffer,
    Buffer,
  ]
  stockCivitai(civitai, storage, { high, low, checkpoint })
  const files = Object.fromEntries(HUB_FILES.map(([path, { seed }]) => [path, { bytes: payloadBytes(seed) }]))
  huggingFace.addRepo({
    id: HUB_REPO,
    files: { ...files, 'README.md': { bytes: Buffer.from('# Lights'), small: true } },
  })
  huggingFace.addRepo({ id: GATED_REPO, files, gated: 'manual' })
  await node.add('harbor_lights_high.safetensors', high)
  await node.add('harbor_lights_low.safetensors', low)
  await otherNode.add('harbor_lights_high.safetensors', high)
  swarm.models.push(
    { subtype: 'LoRA', name: 'harbor_lights_high.safetensors', bytes: high },
    { subtype: 'LoRA', name: 'wan/harbor_lights_low.safetensors', bytes: low },
    { subtype: 'Stable-Diffusion', name: 'northwindXL_v20.safetensors', bytes: checkpoint },
  )

  const models = join(folder, 'ComfyUI/models')
  for (const type of ['loras', 'checkpoints', 'vae']) mkdirSync(join(models, type), { recursive: true })
  const ending = started.move()
  return {
    ...{ civitai, storage, huggingFace, node, otherNode, swarm, models },
    nodes: [
      { name: 'one', url: node.url, dialect: 'airkeep', token: await node.token('models:read', 'models:serve') },
      {
        name: 'two',
        url: otherNode.url,
        dialect: 'airkeep',
        token: await otherNode.token('models:read', 'models:serve'),
      },
      { name: 'swarm', url: swarm.url, dialect: 'swarmui' },
    ],
    env: {
      AIRKEEP_CIVITAI_URL: civitai.url,
      AIRKEEP_HF_URL: huggingFace.url,
      AIRKEEP_ALLOW_PRIVATE_NETWORK: '127.0.0.1',
      AIRKEEP_ALLOW_NET: '127.0.0.1',
      AIRKEEP_MODELS: models,
      AIRKEEP_MIN_FREE: '0',
    },
    storagesDo(fault) {
      // Each counts its requests from now on.
      for (const each of [storage, huggingFace.cdn]) {
        let index = 0
        each.conduct = fault && ((request) => fault({ ...request, index: index++ }, HIGH.sizeBytes))
      }
    },
    [Symbol.asyncDispose]: () => ending.disposeAsync(),
  }
}

interface Stock {
  readonly high: Buffer
  readonly low: Buffer
  readonly checkpoint: Buffer
}

/** Models as the facts have them, each file behind a signed address of the storage. */
function stockCivitai(civitai: FakeCivitai, storage: FakeStorage, { high, low, checkpoint }: Stock): void {
  for (const model of [HARBOR_LIGHTS, NORTHWIND, EARLY, ARCHIVED]) civitai.models.add(model)
  const put = (versionId: number, fileId: number, name: string, bytes: Buffer): void =>
    civitai.downloads.add({
      ...{ versionId, fileId, primary: true },
      location: () => storage.put(`/store/${versionId}/${name}`, bytes),
    })
  put(910_201, 810_201, 'harbor_lights_high.safetensors', high)
  put(910_202, 810_202, 'harbor_lights_low.safetensors', low)
  put(920_301, 820_301, 'northwindXL_v20.safetensors', checkpoint)
}
