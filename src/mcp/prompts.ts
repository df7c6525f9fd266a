import type { McpServer } from '@modelcontextprotocol/server'

/** A text that a user puts before a model by name. */
export interface McpPrompt {
  readonly name: string
  readonly title: string
  readonly description: string
  /** Markdown; becomes one message of the user. */
  readonly text: string
}

/** A text that a client reads by its URI. */
export interface McpResource {
  /** As the URL parser writes it (`airkeep://guides/recording`): the SDK looks it up in that form. */
  readonly uri: string
  readonly name: string
  readonly title: string
  readonly description: string
  readonly mimeType: string
  readonly text: string
}

export function registerPrompts(server: McpServer, prompts: readonly McpPrompt[]): void {
  for (const { name, title, description, text } of prompts) {
    server.registerPrompt(name, { title, description }, () => ({
      description,
      messages: [{ role: 'user', content: { type: 'text', text } }],
    }))
  }
}

export function registerResources(server: McpServer, resources: readonly McpResource[]): void {
  for (const { uri, name, title, description, mimeType, text } of resources) {
    server.registerResource(name, uri, { title, description, mimeType }, () => ({
      contents: [{ uri, mimeType, text }],
    }))
  }
}
