import { AppError } from '../../../src/errors.ts'
import type { SwarmModel, SwarmSource } from '../../../src/http/swarm/swarm-source.ts'
import type { TestModels } from '../files/model-source.ts'

/** The models of a test host as LoRAs, called as their files are; crosses to another process with them. */
export function aSwarmSource({ models }: Pick<TestModels, 'models'>): SwarmSource {
  const listed = models.map(
    (file): SwarmModel => ({
      name: file.filename,
      filename: file.filename.slice(file.filename.lastIndexOf('/') + 1),
      sizeBytes: file.sizeBytes,
      modifiedMs: file.modifiedUs / 1000,
      sha256: file.sha256,
      tensorSha256: file.tensorSha256 ?? null,
      isKnownByTensors: file.tensorSha256 !== undefined,
      title: file.filename,
      architecture: undefined,
      description: '',
      standardWidth: 0,
      standardHeight: 0,
      author: undefined,
      license: undefined,
      date: undefined,
      usageHint: undefined,
      triggerPhrase: undefined,
      tags: [],
    }),
  )
  const named = (name: string): SwarmModel => {
    const found = listed.find((model) => [model.name, `0x${model.tensorSha256}`].includes(name))
    if (found === undefined) throw new AppError('not_found', 'There is no such model')
    return found
  }
  return {
    nodeId: () => 'node',
    subtype: (name) => (name === 'LoRA' ? name : undefined),
    list: async (subtype) => ({ subtype, generatedAt: '2026-08-01T00:00:00.000Z', models: listed }),
    describe: async (_subtype, name) => named(name),
    async open(_subtype, [reference]) {
      const model = named(reference?.identifier ?? '')
      const file = models.find(({ filename }) => filename === model.name)
      if (file === undefined) throw new AppError('not_found', 'There is no such file')
      return { model, file }
    },
  }
}
