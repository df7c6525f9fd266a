import type { Permission } from '../../src/operation/permission.ts'

/** The outside of airkeep as other programs rely on it. Names here change only together with those programs. */
export interface ContractRow {
  readonly name: string
  readonly route: string
  readonly permission: Permission
  /** `!` behind a field: it must be given. */
  readonly input: string
  readonly output: string
  /** Command line and HTTP only: an agent must not hold it. */
  readonly notForAgents?: true
  /** Fields beyond the contract's. */
  readonly extraInput?: string
  /** In the contract, and to be built: its name must not stand for anything else until then. */
  readonly later?: true
}

const PROMPT = 'prompt_text! llm_model_provider llm_model purpose metadata on_behalf_of'
const ASSET_LINKS =
  'input_prompt_id output_prompt_id post_id input_asset_ids civitai_id civitai_url metadata on_behalf_of'
const PAGE = 'limit offset'
const POST = 'status title description metadata on_behalf_of'
const IMPORT = 'payload path url file format dry_run download track callback_url'
const JOB = 'job_id status progress created_at last_updated dependencies'

export const CONTRACT: readonly ContractRow[] = [
  // Track
  {
    name: 'calculate_sha256',
    route: 'POST /v1/hash',
    permission: 'track:read',
    input: 'path!',
    output: 'sha256sum size_bytes path',
  },
  {
    name: 'find_asset',
    route: 'GET /v1/assets/find',
    permission: 'track:read',
    input: 'asset_id sha256sum civitai_id civitai_url post_id uses',
    output: 'found asset assets',
  },
  {
    name: 'list_assets',
    route: 'GET /v1/assets',
    permission: 'track:read',
    input: `asset_type post_id created_by start_time end_time ${PAGE}`,
    output: 'assets count limit offset',
  },
  { name: 'create_prompt', route: 'POST /v1/prompts', permission: 'track:write', input: PROMPT, output: 'prompt_id' },
  {
    name: 'get_prompt',
    route: 'GET /v1/prompts/{prompt_id}',
    permission: 'track:read',
    input: 'prompt_id!',
    output: 'prompt_id',
  },
  {
    name: 'list_prompts',
    route: 'GET /v1/prompts',
    permission: 'track:read',
    input: `query created_by ${PAGE}`,
    output: 'prompts count limit offset',
  },
  {
    name: 'create_asset',
    route: 'POST /v1/assets',
    permission: 'track:write',
    input: `asset_url! asset_type! asset_source! ${ASSET_LINKS} extract`,
    output: 'asset_id sha256sum models',
  },
  {
    name: 'update_asset',
    route: 'PATCH /v1/assets/{asset_id}',
    permission: 'track:write',
    input: `asset_id! ${ASSET_LINKS} extract`,
    output: 'asset_id sha256sum',
  },
  {
    name: 'delete_asset',
    route: 'DELETE /v1/assets/{asset_id}',
    permission: 'track:write',
    input: 'asset_id!',
    output: 'asset_id sha256sum',
  },
  {
    name: 'create_civitai_post',
    route: 'POST /v1/posts',
    permission: 'track:write',
    input: `civitai_id civitai_url! ${POST}`,
    output: 'post_id civitai_account',
  },
  {
    name: 'update_civitai_post',
    route: 'PATCH /v1/posts/{post_id}',
    permission: 'track:write',
    input: `post_id! civitai_id civitai_url ${POST}`,
    output: 'post_id civitai_account',
  },
  {
    name: 'list_civitai_posts',
    route: 'GET /v1/posts',
    permission: 'track:read',
    input: `id civitai_id status created_by on_behalf_of start_time end_time include_details ${PAGE}`,
    output: 'posts count limit offset',
    extraInput: 'uses',
  },
  {
    name: 'fetch_civitai_post_assets',
    route: 'GET /v1/civitai/posts/{post_id}/assets',
    permission: 'track:read',
    input: 'post_id! limit page',
    output: 'post_id page limit asset_count assets metadata',
  },
  {
    name: 'match_post_media',
    route: 'POST /v1/civitai/posts/{civitai_post_id}/match',
    permission: 'track:write',
    input: 'civitai_post_id! paths asset_ids apply',
    output: 'matches unmatched',
  },
  {
    name: 'sync_post_asset_stats',
    route: 'POST /v1/civitai/posts/{civitai_post_id}/stats',
    permission: 'track:write',
    input: 'civitai_post_id!',
    output: 'synced_count skipped_count failed',
  },
  {
    name: 'list_asset_stats',
    route: 'GET /v1/assets/{asset_id}/stats',
    permission: 'track:read',
    input: `asset_id! ${PAGE}`,
    output: 'items count limit offset',
  },
  {
    name: 'get_workflow_guide',
    route: 'GET /v1/guides/recording',
    permission: 'track:read',
    input: '',
    output: 'guide',
  },
  {
    name: 'get_media_engagement_guide',
    route: 'GET /v1/guides/engagement',
    permission: 'track:read',
    input: '',
    output: 'guide',
  },
  {
    name: 'list_events',
    route: 'GET /v1/audit',
    permission: 'admin',
    input: `table row_id actor since ${PAGE}`,
    output: 'items count limit offset',
  },
  // Import
  {
    name: 'import_prompt',
    route: 'POST /v1/prompts/import',
    permission: 'models:download',
    input: IMPORT,
    extraInput: 'model_roots link',
    output: 'job_id status message format confidence sources dependencies generation warnings',
  },
  {
    name: 'import_prompts',
    route: 'POST /v1/prompts/import/batch',
    permission: 'models:download',
    input: 'items!',
    output: 'batch_id jobs',
  },
  {
    name: 'get_import_job',
    route: 'GET /v1/prompts/import/{job_id}',
    permission: 'models:read',
    input: 'job_id!',
    output: `${JOB} rewritten_payload error`,
  },
  {
    name: 'list_import_jobs',
    route: 'GET /v1/prompts/import',
    permission: 'models:read',
    input: `status batch_id ${PAGE}`,
    output: 'items count limit offset',
  },
  {
    name: 'cancel_import_job',
    route: 'DELETE /v1/prompts/import/{job_id}',
    permission: 'models:download',
    input: 'job_id!',
    output: JOB,
  },
  {
    name: 'retry_import_job',
    route: 'POST /v1/prompts/import/{job_id}/retry',
    permission: 'models:download',
    input: 'job_id!',
    extraInput: 'download',
    output: JOB,
  },
  {
    name: 'choose_candidate',
    route: 'POST /v1/prompts/import/{job_id}/choose',
    permission: 'models:download',
    input: 'job_id! reference! path air url skip',
    extraInput: 'type sha256 tensor_sha256 node name',
    output: JOB,
  },
  {
    name: 'get_import_graph',
    route: 'GET /v1/prompts/import/{job_id}/graph',
    permission: 'models:read',
    input: 'job_id! format',
    output: 'format nodes edges mermaid',
  },
  {
    name: 'accept_terms',
    route: 'POST /v1/models/terms',
    permission: 'models:download',
    input: 'air civitai_version_id huggingface_repo note',
    output: 'accepted_at',
    notForAgents: true,
  },
  {
    name: 'set_upstream_key',
    route: 'POST /v1/keys',
    permission: 'models:download',
    input: 'provider! key',
    output: 'provider stored',
    notForAgents: true,
  },
  // Models
  {
    name: 'scan_models',
    route: 'POST /v1/models/scan',
    permission: 'models:download',
    input: 'roots identify',
    output: 'job_id',
  },
  {
    name: 'verify_models',
    route: 'POST /v1/models/verify',
    permission: 'models:download',
    input: 'hash',
    output: 'job_id',
  },
  {
    name: 'list_models',
    route: 'GET /v1/models/catalog',
    permission: 'models:read',
    input: `type query hash civitai_version_id state duplicates unused ${PAGE}`,
    output: 'items count limit offset',
  },
  {
    name: 'get_model_manifest',
    route: 'GET /v1/models/manifest',
    permission: 'models:read',
    input: 'include',
    output: 'node generated_at models signature',
    extraInput: 'hash chunks',
  },
  {
    name: 'request_model_download',
    route: 'POST /v1/models/request-download',
    permission: 'models:download',
    input: 'model_key air sha256 url type folder filename max_size_bytes prefer constraints',
    output: 'job_id',
  },
  {
    name: 'get_model_job',
    route: 'GET /v1/models/jobs/{job_id}',
    permission: 'models:read',
    input: 'job_id!',
    output: 'job_id status progress created_at last_updated',
  },
  {
    name: 'list_model_jobs',
    route: 'GET /v1/models/jobs',
    permission: 'models:read',
    input: PAGE,
    output: 'items count limit offset',
    extraInput: 'kind status',
  },
  {
    name: 'cancel_model_job',
    route: 'DELETE /v1/models/jobs/{job_id}',
    permission: 'models:download',
    input: 'job_id!',
    output: 'job_id status progress created_at last_updated',
  },
  {
    name: 'retry_model_job',
    route: 'POST /v1/models/jobs/{job_id}/retry',
    permission: 'models:download',
    input: 'job_id!',
    output: 'job_id status progress created_at last_updated',
  },
  {
    name: 'pause_model_job',
    route: 'POST /v1/models/jobs/{job_id}/pause',
    permission: 'models:download',
    input: 'job_id!',
    output: 'job_id status progress created_at last_updated',
  },
  {
    name: 'add_node',
    route: 'POST /v1/nodes',
    permission: 'admin',
    input: 'name! url! token dialect',
    output: 'name url dialect public_key',
    notForAgents: true,
  },
  {
    name: 'list_nodes',
    route: 'GET /v1/nodes',
    permission: 'models:read',
    input: '',
    output: 'items count limit offset',
    extraInput: PAGE,
  },
  {
    name: 'remove_node',
    route: 'DELETE /v1/nodes/{name}',
    permission: 'admin',
    input: 'name!',
    output: 'name url dialect public_key',
    notForAgents: true,
  },
  // Catalog
  {
    name: 'check_downloads',
    route: 'POST /api/catalog/check-downloads',
    permission: 'catalog:read',
    input: 'items catalog_dir ui_home node ssh_host ssh_port ssh_user wait',
    extraInput: 'accept_host_key',
    output: 'success instance ui_home checked_at results summary job_id',
  },
  {
    name: 'validate_catalog',
    route: 'POST /v1/catalog/validate',
    permission: 'catalog:read',
    input: 'catalog_dir items',
    output: 'pages statistics notes',
  },
  {
    name: 'fix_catalog_page',
    route: 'POST /v1/catalog/fix',
    permission: 'catalog:write',
    input: 'file_path content apply',
    extraInput: 'catalog_dir ask_civitai',
    output: 'diff fixes applied notes',
  },
  {
    name: 'download_missing',
    route: 'POST /v1/catalog/download-missing',
    permission: 'models:download',
    input: 'items catalog_dir ui_home node ssh_host ssh_port ssh_user wait',
    extraInput: 'max_size_bytes',
    output: 'job_id jobs',
  },
]

/** Operations that the contract leaves open and users would miss. */
export const ADDITIONS: readonly ContractRow[] = [
  {
    name: 'link_duplicates',
    route: 'POST /v1/models/link-duplicates',
    permission: 'models:download',
    input: '',
    output: 'linked skipped freed_bytes',
  },
  {
    name: 'create_token',
    route: 'POST /v1/tokens',
    permission: 'admin',
    input: 'name! permission!',
    output: 'name token permissions',
    notForAgents: true,
  },
  {
    name: 'list_tokens',
    route: 'GET /v1/tokens',
    permission: 'admin',
    input: `revoked ${PAGE}`,
    output: 'items count limit offset',
    notForAgents: true,
  },
  {
    name: 'revoke_token',
    route: 'DELETE /v1/tokens/{name}',
    permission: 'admin',
    input: 'name!',
    output: 'name',
    notForAgents: true,
  },
  {
    name: 'create_backup',
    route: 'POST /v1/backup',
    permission: 'admin',
    input: 'path!',
    output: 'path size_bytes created_at',
    notForAgents: true,
  },
]
