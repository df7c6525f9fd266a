/**
 * What the tests call of a client that a generator wrote: a method for each operation, fields as the document names
 * them, the answer in `data`. The generated types are held against it.
 */
export interface TrackingClient {
  createPrompt(data: { prompt_text: string; metadata?: Record<string, unknown> }): Answer<{ prompt_id: string }>
  createAsset(data: {
    asset_url: string
    asset_type: 'image' | 'video'
    asset_source: 'generated' | 'upload'
    input_prompt_id?: string
  }): Answer<{ asset_id: string; sha256sum: string; input_prompt_id: string | null }>
  createCivitaiPost(data: { civitai_url: string; title?: string }): Answer<{ post_id: string; civitai_id: string }>
  updateAsset(assetId: string, data: { post_id?: string | null }): Answer<{ post_id: string | null }>
  findAsset(query: { sha256sum?: string }): Answer<{ found: boolean; asset?: { asset_id: string } }>
  listCivitaiPosts(query: { civitai_id?: string; include_details?: boolean; limit?: number }): Answer<PostPage>
  getPrompt(promptId: string): Answer<{ prompt_text: string }>
}

interface PostPage {
  readonly count: number
  readonly posts: readonly {
    readonly title: string | null
    readonly assets?: readonly {
      readonly asset_id: string
      readonly input_prompt: { readonly prompt_text: string; readonly metadata: object | null } | null
    }[]
  }[]
}

type Answer<T> = Promise<{ readonly status: number; readonly data: T }>

/** What the client throws for any other status. */
export interface Thrown {
  readonly status: number
  readonly error: {
    readonly code: string
    readonly detail: string
    readonly hint?: string
    readonly existing?: { readonly asset_id?: string; readonly post_id?: string }
    readonly errors?: readonly { readonly path?: string; readonly expected?: string }[]
  }
}
