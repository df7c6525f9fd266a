import * as v from 'valibot'
import { defineOperation, type Operation } from '../operation/operation.ts'
import engagement from './guides/engagement.md' with { type: 'text' }
import recording from './guides/recording.md' with { type: 'text' }

/** A text that teaches an agent one task: an operation, an MCP prompt and an MCP resource. */
export interface Guide {
  /** Last part of its route and of its resource URI. */
  readonly name: string
  readonly operation: string
  readonly prompt: string
  readonly title: string
  readonly description: string
  /** What its reader calls first. */
  readonly next: string
  /** Markdown. */
  readonly text: string
}

export const GUIDES: readonly Guide[] = [
  {
    name: 'recording',
    operation: 'get_workflow_guide',
    prompt: 'record_civitai_workflow',
    title: 'How to record prompts, assets and posts',
    description:
      'Which tools to call in which order to record a prompt, the images and videos made from it and the Civitai post they went into: rules, every tool with an example, four playbooks and what each error means.',
    next: 'calculate_sha256, where its order of calls begins',
    text: recording,
  },
  {
    name: 'engagement',
    operation: 'get_media_engagement_guide',
    prompt: 'civitai_media_engagement',
    title: 'How to read and compare Civitai engagement',
    description:
      'How to fetch the reactions and comments of Civitai posts, keep them as a history and compare them over time: tools, examples and what the numbers cannot say.',
    next: 'fetch_civitai_post_assets for the numbers of now, sync_post_asset_stats to keep them',
    text: engagement,
  },
]

/** What an MCP client tells its model before the first call. */
export const INSTRUCTIONS = `airkeep keeps a ledger of prompts, assets (images and videos) and Civitai posts, and knows the AI model files of its host. It records what was made and published; it generates and publishes nothing.
Before you record anything, read get_workflow_guide once (the prompt record_civitai_workflow is the same text); for likes, hearts and comments read get_media_engagement_guide.
Paths name files on the host where airkeep runs. Ids are strings of digits. A failed call answers a code, what is wrong and a hint; a conflict names the row that is already there: use that row.`

/** get_workflow_guide and get_media_engagement_guide. */
export const createGuideOperations = (): readonly Operation[] => GUIDES.map(toOperation)

const toOperation = (guide: Guide): Operation =>
  defineOperation({
    name: guide.operation,
    summary: guide.title,
    description: `${guide.description} Takes no input and answers the guide as markdown. Before: nothing; one call, before all others of this task. After: ${guide.next}.`,
    example: {},
    effect: 'read',
    permission: 'track:read',
    http: { method: 'get', path: `/v1/guides/${guide.name}` },
    input: v.strictObject({}),
    output: v.object({ guide: v.pipe(v.string(), v.description('The guide as markdown')) }),
    run: async () => ({ guide: guide.text }),
  })
