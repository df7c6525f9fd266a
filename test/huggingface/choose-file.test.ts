import { expect, test } from 'bun:test'
import { isSha256Hex, type Sha256 } from '../../src/hash/digest.ts'
import { chooseFile, type FileSought } from '../../src/huggingface/choose-file.ts'
import type { RepoFile } from '../../src/huggingface/tree.ts'

const digest = (sign: string): Sha256 => {
  const hex = sign.repeat(64)
  if (!isSha256Hex(hex)) throw new Error(`Not a digest: ${sign}`)
  return hex
}
const file = (path: string, sign?: string): RepoFile => ({
  path,
  sizeBytes: 1,
  ...(sign === undefined ? {} : { sha256: digest(sign) }),
})

const FILES = [
  file('README.md'),
  file('preview.png', 'f'),
  file('vae/model.safetensors', 'a'),
  file('unet/model.safetensors', 'b'),
  file('copy/model_b.safetensors', 'b'),
  file('Harbor.safetensors', 'c'),
  file('tiny.safetensors'),
]

const MODELS = FILES.slice(2).map(({ path }) => path)

test.each<readonly [string, Omit<FileSought, 'isModel'>, readonly RepoFile[], string | undefined, readonly string[]]>([
  ['by its digest', { sha256: digest('a') }, FILES, 'vae/model.safetensors', []],
  ['by its digest, whatever it is called', { sha256: digest('a'), names: ['x'] }, FILES, 'vae/model.safetensors', []],
  ['by its digest, the first of copies', { sha256: digest('b') }, FILES, 'unet/model.safetensors', []],
  ['by another digest, those that do not tell theirs', { sha256: digest('e') }, FILES, undefined, ['tiny.safetensors']],
  ['by its path', { names: ['vae/model.safetensors'] }, FILES, 'vae/model.safetensors', []],
  ['by its path on another system', { names: ['.\\vae\\model.safetensors'] }, FILES, 'vae/model.safetensors', []],
  ['by the end of its path', { names: ['b/c.pt'] }, [file('a/b/c.pt'), file('c.pt')], 'a/b/c.pt', []],
  ['by its name', { names: ['styles/Harbor.safetensors'] }, FILES, 'Harbor.safetensors', []],
  [
    'by a name that several have',
    { names: ['model.safetensors'] },
    FILES,
    undefined,
    ['vae/model.safetensors', 'unet/model.safetensors'],
  ],
  ['by a name in another case', { names: ['harbor.safetensors'] }, FILES, undefined, MODELS],
  ['by nothing', {}, FILES, undefined, MODELS],
  ['by nothing, where there is one', {}, [file('README.md'), file('a.pt')], 'a.pt', []],
  ['by nothing, where all are the same', {}, [file('a.pt', 'a'), file('b.pt', 'a')], 'a.pt', []],
  ['by a name that is not there, where there is one', { names: ['b.pt'] }, [file('a.pt')], 'a.pt', []],
  ['by the name of no model', { names: ['README.md'] }, [file('README.md')], undefined, []],
  ['among nothing', { names: ['', ' '] }, [], undefined, []],
])('%s', (_, sought, files, expected, candidates) => {
  const choice = chooseFile(files, { ...sought, isModel: (path) => /\.(?:safetensors|pt)$/.test(path) })
  expect(choice.file?.path).toBe(expected as string)
  expect(choice.candidates.map(({ path }) => path)).toEqual([...candidates])
})
