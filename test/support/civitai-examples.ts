import type { JsonObject } from '../../src/lib/json.ts'
import { DEADLINE } from './fake-downloads.ts'
import type { FakeModel } from './fake-models.ts'
import { CHECKPOINT, HIGH, LOW, type Payload } from './payloads.ts'

/** Models as Civitai tells of them: a LoRA in two halves, a checkpoint with two files of one name, and locked ones. */

/** One file as it goes over the wire; digests in upper case. */
export function wireFile(id: number, name: string, of: Payload | undefined, more: JsonObject = {}): JsonObject {
  const up = (text: string): string => text.toUpperCase()
  const hashes =
    of === undefined
      ? {}
      : {
          AutoV1: up(of.autoV1),
          AutoV2: up(of.sha256.slice(0, 10)),
          AutoV3: up(of.tensorSha256.slice(0, 12)),
          SHA256: up(of.sha256),
          CRC32: up(of.crc32),
          BLAKE3: `0F${String(of.seed).padStart(62, '0')}`,
        }
  return {
    id,
    name,
    sizeKB: of === undefined ? 11.5 : of.sizeBytes / 1024,
    type: 'Model',
    pickleScanResult: 'Success',
    pickleScanMessage: 'No Pickle imports',
    virusScanResult: 'Success',
    virusScanMessage: null,
    scannedAt: '2026-06-01T11:05:00.000Z',
    metadata: { format: 'SafeTensor' },
    hashes,
    primary: true,
    downloadUrl: 'https://civitai.com/api/download/models/1',
    ...more,
  }
}

const WAN = 'Wan Video 2.2 I2V-A14B'
const published = { status: 'Published', publishedAt: '2026-06-01T12:00:00.000Z', usageControl: 'Download' }
const training = { type: 'Training Data', primary: false, metadata: { format: 'Other' } }

export const HARBOR_LIGHTS: FakeModel = {
  id: 900_100,
  name: 'Harbor Lights',
  versions: [
    {
      id: 910_202,
      name: 'LOW v1.0',
      baseModel: WAN,
      wire: { ...published, files: [wireFile(810_202, 'harbor_lights_low.safetensors', LOW)] },
    },
    {
      id: 910_201,
      name: 'HIGH v1.0',
      baseModel: WAN,
      wire: {
        ...published,
        air: 'urn:air:wanvideo-22-i2v-a14b:lora:civitai:900100@910201',
        files: [
          wireFile(810_201, 'harbor_lights_high.safetensors', HIGH),
          wireFile(810_299, 'harbor_lights_high_trainingData.zip', undefined, training),
        ],
      },
    },
  ],
}

const full = {
  primary: false,
  metadata: { format: 'SafeTensor', size: 'full', fp: 'fp32' },
  hashes: { SHA256: 'AB'.repeat(32), AutoV2: 'AB'.repeat(5) },
  sizeKB: 4096.5,
}
const pruned = { metadata: { format: 'SafeTensor', size: 'pruned', fp: 'fp16' } }
const vae = { type: 'VAE', primary: false, hashes: { SHA256: 'CD'.repeat(32) } }

export const NORTHWIND: FakeModel = {
  id: 900_200,
  name: 'Northwind XL',
  type: 'Checkpoint',
  versions: [
    {
      id: 920_301,
      name: 'v2.0',
      wire: {
        ...published,
        files: [
          wireFile(820_302, 'northwindXL_v20.safetensors', undefined, full),
          wireFile(820_301, 'northwindXL_v20.safetensors', CHECKPOINT, pruned),
          wireFile(820_309, 'northwind_vae.safetensors', undefined, vae),
        ],
      },
    },
  ],
}

export const EARLY: FakeModel = {
  id: 900_300,
  name: 'Tomorrow',
  versions: [
    {
      id: 930_401,
      wire: {
        ...published,
        paidAccess: { permanent: false, endsAt: DEADLINE },
        files: [wireFile(830_401, 'tomorrow.safetensors', undefined)],
      },
    },
  ],
}

export const ARCHIVED: FakeModel = {
  id: 900_400,
  name: 'Yesterday',
  versions: [{ id: 940_501, wire: { ...published, files: [] } }],
  wire: { mode: 'Archived' },
}
