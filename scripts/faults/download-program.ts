import { join } from 'node:path'
import { type Executable, installExecutable, type Server } from '../../test/support/executable.ts'
import { type FakeCivitai, startFakeCivitai } from '../../test/support/fake-civitai.ts'
import type { FileServer } from '../../test/support/file-server.ts'
import { overHttp } from '../../test/support/surfaces.ts'
import { emptyFolder, MIB, serveFile, type TestFile, testFile } from './download-scene.ts'

export interface ServedModel {
  readonly file: TestFile
  /** Counts what it sends. */
  readonly server: FileServer
  readonly target: string
}

export type ImportProcess = Bun.Subprocess<Blob, 'pipe', 'pipe'>

/** The executable, a Civitai that knows some LoRAs, and their storages. */
export interface ProgramScene extends AsyncDisposable {
  readonly executable: Executable
  readonly civitai: FakeCivitai
  /** Where the UI's models are. */
  readonly root: string
  readonly models: readonly ServedModel[]
  /** Needs each of them. */
  readonly prompt: string
  readonly env: Readonly<Record<string, string>>
  serve(): Promise<Server>
  /**
   * `airkeep import -`, which can be killed.
   * @param under what runs it, such as strace
   */
  startImport(under?: readonly string[], program?: readonly string[]): ImportProcess
  sentBytes(): number
  /** As before the first download. */
  emptyModels(): void
}

/** @param sizes of the models, in MiB */
export async function startProgramScene(sizes: readonly number[], bytesPerSecond?: number): Promise<ProgramScene> {
  const executable = installExecutable()
  const civitai = await startFakeCivitai()
  const root = join(executable.folder, 'ComfyUI/models')
  const models = await Promise.all(
    sizes.map(async (size, at): Promise<ServedModel> => {
      const file = testFile(20 + at, size * MIB)
      const server = await serveFile(file, () => (bytesPerSecond === undefined ? undefined : { bytesPerSecond }))
      stock(civitai, at, file, server.url)
      return { file, server, target: join(root, 'loras', `model-${at}.safetensors`) }
    }),
  )
  const names = models.map((_, at) => `model-${at}`)
  const prompt = `a pier ${names.map((name) => `<lora:${name}:1>`).join(' ')}
Steps: 20, Sampler: Euler, Seed: 1, Lora hashes: "${models.map(({ file }, at) => `${names[at]}: ${file.sha256}`).join(', ')}"`
  const env = {
    AIRKEEP_CIVITAI_URL: civitai.url,
    AIRKEEP_CIVITAI_ALLOW_TOS_AUTO_ACCEPT: 'true',
    AIRKEEP_ALLOW_NET: '127.0.0.1',
    AIRKEEP_ALLOW_PRIVATE_NETWORK: '127.0.0.1',
    AIRKEEP_MODELS: root,
    AIRKEEP_MIN_FREE: '0',
    AIRKEEP_LOG: 'warn',
  }
  const scene: ProgramScene = {
    ...{ executable, civitai, root, models, prompt, env },
    serve: () => executable.serve([], { env }),
    startImport: (under = [], program = under.length > 0 ? [executable.path] : executable.command([])) =>
      Bun.spawn([...under, ...program, 'import', '-', '--json'], {
        cwd: executable.folder,
        env: executable.env(env),
        stdin: new Blob([prompt]),
        stdout: 'pipe',
        stderr: 'pipe',
      }),
    sentBytes: () => models.reduce((sum, { server }) => sum + server.sentBytes(), 0),
    emptyModels: () => emptyFolder(join(root, 'loras')),
    async [Symbol.asyncDispose]() {
      await executable.remove()
      await Promise.all([civitai.close(), ...models.map(({ server }) => server.close())])
    },
  }
  scene.emptyModels()
  return scene
}

function stock(civitai: FakeCivitai, at: number, { bytes, sha256 }: TestFile, url: string): void {
  const [versionId, fileId] = [930_100 + at, 830_100 + at]
  const file = {
    ...{ id: fileId, name: `model-${at}.safetensors`, type: 'Model', primary: true, sizeKB: bytes.length / 1024 },
    ...{ hashes: { SHA256: sha256.toUpperCase() }, pickleScanResult: 'Success', virusScanResult: 'Success' },
  }
  const versions = [{ id: versionId, sha256s: [sha256], wire: { files: [file] } }]
  civitai.models.add({ id: 930_000 + at, name: `Model ${at}`, type: 'LORA', versions })
  civitai.downloads.add({ versionId, fileId, primary: true, location: url })
}

/** Asks for the models; undefined where the answer did not come. */
export async function beginImport(server: Server, prompt: string): Promise<string | undefined> {
  const answer = await overHttp(server.url)
    .invoke('import_prompt', { payload: prompt })
    .catch(() => undefined)
  return answer === undefined ? undefined : String(answer.job_id)
}

export const totalOf = ({ models }: ProgramScene): number =>
  models.reduce((sum, { file }) => sum + file.bytes.length, 0)
