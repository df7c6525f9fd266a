import * as v from 'valibot'
import type { JobRow } from '../../jobs/job.ts'
import { createJobAccess } from '../../jobs/job-access.ts'
import type { JobRunner } from '../../jobs/runner.ts'
import type { JobStore } from '../../jobs/store.ts'
import { jobIdField } from '../../operation/fields.ts'
import { defineOperation, type Operation } from '../../operation/operation.ts'
import { type Actor, holds } from '../../operation/permission.ts'
import { dependencySchema } from '../dependency.ts'
import { IMPORT_KIND } from '../import-job.ts'
import { buildGraph, type DependencyGraph, trackedOf } from './build-graph.ts'
import { toMermaid } from './mermaid.ts'

/** Base models that this host knows of its files, by their SHA-256. */
export type FindBaseModels = (sha256s: readonly string[]) => Promise<ReadonlyMap<string, string>>

export interface GraphDeps {
  readonly jobs: Pick<JobRunner, 'latest'>
  readonly store: JobStore
  readonly baseModels?: FindBaseModels
}

const nodeSchema = v.looseObject({ id: v.string(), kind: v.string(), name: v.string() })
const edgeSchema = v.looseObject({ from: v.string(), to: v.string(), kind: v.string() })

export function createGraphOperation({ jobs, store, baseModels }: GraphDeps): Operation {
  const access = createJobAccess(store, [IMPORT_KIND], 'list_import_jobs shows the jobs there are')

  async function graphOf(row: JobRow, actor: Actor): Promise<DependencyGraph> {
    const { view } = row
    const dependencies = v.parse(v.array(dependencySchema), view.dependencies ?? [])
    const digests = [...new Set(dependencies.flatMap(({ sha256 }) => sha256 ?? []))]
    return buildGraph(dependencies, trackedOf(view), {
      baseModels: (await baseModels?.(digests)) ?? new Map(),
      showPaths: row.owner === actor.name || holds(actor, 'models:read'),
    })
  }

  return defineOperation({
    name: 'get_import_graph',
    summary: 'What an import depends on, as a graph',
    description:
      'Answers the models that the prompt of an import needs as a graph: nodes and edges, or with format mermaid the text of a Mermaid flowchart. Dotted edges lead to candidates, and to what is switched off. Before: import_prompt or list_import_jobs, for the job_id. After: nothing; choose_candidate where candidates are shown.',
    example: { job_id: 'imp_0f3k9', format: 'mermaid' },
    effect: 'read',
    permission: 'models:read',
    permissionFor: () => undefined,
    http: { method: 'get', path: '/v1/prompts/import/{job_id}/graph' },
    input: v.strictObject({
      job_id: jobIdField,
      format: v.optional(v.pipe(v.picklist(['json', 'mermaid']), v.description('Nodes and edges, or a text')), 'json'),
    }),
    output: v.object({
      job_id: v.string(),
      format: v.picklist(['json', 'mermaid']),
      nodes: v.exactOptional(v.array(nodeSchema)),
      edges: v.exactOptional(v.array(edgeSchema)),
      mermaid: v.exactOptional(v.string()),
    }),
    async run({ job_id, format }, { actor }) {
      const graph = await graphOf(jobs.latest(await access.visible(job_id, actor)), actor)
      if (format === 'mermaid') return { job_id, format, mermaid: toMermaid(graph) }
      const { nodes, edges } = graph
      return { job_id, format, nodes: nodes.map((each) => ({ ...each })), edges: edges.map((each) => ({ ...each })) }
    },
  })
}
