import { AppError, isAppError } from '../../errors.ts'
import type { ModelServer, ServedModel } from './model-server.ts'
import { createSwarmCatalog, type SwarmCatalog, type SwarmCatalogDeps } from './swarm-catalog.ts'
import type { SwarmModel } from './swarm-model.ts'
import type { SwarmReference } from './swarm-shelf.ts'
import { type SwarmSubtype, subtypeNamed } from './swarm-subtypes.ts'

export interface SwarmListing {
  /** In SwarmUI's spelling. */
  readonly subtype: string
  /** When the index was read, ISO 8601. */
  readonly generatedAt: string
  readonly models: readonly SwarmModel[]
}

/** This host's models as SwarmUI knows them; nothing else than the manifest lists and the download serves. */
export interface SwarmSource {
  /** Name of this host among others. */
  nodeId(): string
  /** SwarmUI's spelling of a subtype; undefined where there is no such subtype. */
  subtype(name: string): string | undefined
  /** @throws AppError not_found: there is no such subtype */
  list(subtype: string): Promise<SwarmListing>
  /** By its name, with or without `.safetensors`. @throws AppError not_found, also for an unknown subtype */
  describe(subtype: string, name: string): Promise<SwarmModel>
  /**
   * The file that the first of the references stands for which stands for any.
   * @throws AppError not_found, also for what changed or went away; license_blocked, forbidden
   */
  open(subtype: string, references: readonly SwarmReference[]): Promise<{ model: SwarmModel; file: ServedModel }>
}

export interface SwarmSourceDeps extends SwarmCatalogDeps {
  readonly server: Pick<ModelServer, 'find'>
  readonly instanceId: () => string
}

export function createSwarmSource(deps: SwarmSourceDeps): SwarmSource {
  const { server, instanceId } = deps
  const catalogs = createSwarmCatalog(deps)

  async function openIn(catalog: SwarmCatalog, subtype: SwarmSubtype, references: readonly SwarmReference[]) {
    for (const reference of references) {
      const model = catalog.of(subtype).find(reference)
      if (model === undefined) continue
      // Where the file is and whether it may still go out is asked anew each time.
      const file = await server.find(model.sha256)
      if (file.sha256 === model.sha256) return { model, file }
    }
    throw unknownModel()
  }

  return {
    nodeId: instanceId,
    subtype: subtypeNamed,
    async list(name) {
      const subtype = toSubtype(name)
      const catalog = await catalogs.current()
      return { subtype, generatedAt: catalog.generatedAt, models: catalog.of(subtype).models }
    },
    async describe(type, name) {
      const model = (await catalogs.current()).of(toSubtype(type)).named(name)
      if (model === undefined) throw unknownModel()
      return model
    },
    async open(type, references) {
      const subtype = toSubtype(type)
      // A download must not wait for the index to be read while a scan changes it all the time.
      const kept = catalogs.kept()
      if (kept !== undefined) {
        try {
          return await openIn(kept, subtype, references)
        } catch (error) {
          if (!isAppError(error) || error.code !== 'not_found') throw error
        }
      }
      return openIn(await catalogs.current(), subtype, references)
    },
  }
}

function toSubtype(name: string): SwarmSubtype {
  const subtype = subtypeNamed(name)
  if (subtype === undefined) throw new AppError('not_found', 'There is no such model sub-type.')
  return subtype
}

const unknownModel = (): AppError => new AppError('not_found', 'Model not found.')
