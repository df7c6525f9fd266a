import { appendFileSync, linkSync, mkdirSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expectedFiles } from './expected.ts'
import { gguf, pickle, safetensors } from './model-bytes.ts'
import type { Random } from './random.ts'

/** Names say what state a file has: see expected.ts. */
const FORMATS = [
  { folder: 'loras', extension: 'safetensors', make: safetensors },
  { folder: 'loras/style', extension: 'safetensors', make: safetensors },
  { folder: 'diffusion_models', extension: 'gguf', make: gguf },
  { folder: 'checkpoints', extension: 'ckpt', make: pickle },
] as const

export interface TreeOptions {
  readonly files: number
  readonly leastBytes: number
  readonly mostBytes: number
  readonly random: Random
}

function put(path: string, bytes: Uint8Array | string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, bytes)
}

let made = 0

function putModel(root: string, { leastBytes, mostBytes, random }: Omit<TreeOptions, 'files'>): void {
  const { folder, extension, make } = random.pick(FORMATS)
  const name = `${String(made++).padStart(4, '0')}.${extension}`
  put(join(root, folder, name), make(random.between(1, 2 ** 31), random.between(leastBytes, mostBytes)))
}

/** A tree of model files with links, one that is being written, broken ones and sidecars. */
export function makeTree(root: string, options: TreeOptions): void {
  for (let at = 0; at < options.files; at += 1) putModel(root, options)
  const bytes = safetensors(options.random.between(1, 2 ** 31), options.leastBytes)
  put(join(root, 'loras/a-first.safetensors'), bytes)
  linkSync(join(root, 'loras/a-first.safetensors'), join(root, 'loras/z-hard.safetensors'))
  symlinkSync('a-first.safetensors', join(root, 'loras/soft.safetensors'))
  symlinkSync('style', join(root, 'loras/other-style'))
  mkdirSync(join(root, 'loras/style'), { recursive: true })
  put(join(root, 'loras/a-first.civitai.info'), '{"id":7,"modelId":3,"baseModel":"SDXL 1.0"}')
  put(join(root, 'loras/truncated.safetensors'), bytes.subarray(0, bytes.length >> 1))
  put(join(root, 'loras/page-html.safetensors'), '<!doctype html><title>Sign in</title>')
  put(join(root, 'loras/waiting.safetensors.part'), bytes.subarray(0, 1000))
  put(join(root, 'loras/controlled.safetensors'), bytes.subarray(0, 2000))
  put(join(root, 'loras/controlled.safetensors.aria2'), 'x')
}

/** Edits, renames, deletes and adds files as people and programs do. @returns how many */
export function changeTree(root: string, options: Omit<TreeOptions, 'files'>): number {
  const { random } = options
  const plain = [...expectedFiles([root]).keys()].filter((path) => /\/\d{4}[^/]*$/.test(path))
  const count = random.between(3, 9)
  for (let at = 0; at < count; at += 1) {
    const path = random.pick(plain)
    const isThere = statSync(path, { throwIfNoEntry: false }) !== undefined
    const what = random.pick(['edit', 'rename', 'rename and replace', 'delete', 'add', 'add'] as const)
    if (what === 'add' || !isThere) {
      putModel(root, options)
    } else if (what === 'delete') rmSync(path)
    // A gguf or a pickle with more bytes is as good as before; a safetensors is not, so it is written anew.
    else if (what === 'edit' && !path.endsWith('.safetensors')) appendFileSync(path, String(random.next()))
    else if (what === 'edit') put(path, safetensors(random.between(1, 2 ** 31), random.between(1_000, 100_000)))
    else {
      const to = join(dirname(path), `${String(made++).padStart(4, '0')}${path.slice(path.lastIndexOf('.'))}`)
      renameSync(path, to)
      const { make } = FORMATS.find(({ extension }) => path.endsWith(extension)) ?? FORMATS[0]
      if (what === 'rename and replace') put(path, make(random.between(1, 2 ** 31), random.between(1_000, 100_000)))
    }
  }
  return count
}
