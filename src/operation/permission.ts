export const PERMISSIONS = [
  'track:read',
  'track:write',
  'models:read',
  'models:download',
  'models:serve',
  'catalog:read',
  'catalog:write',
  'admin',
] as const

export type Permission = (typeof PERMISSIONS)[number]

/** Who calls: the local owner of this host, or the bearer of a token. */
export interface Actor {
  readonly kind: 'owner' | 'token'
  /** `local` for the owner, else the token's name: what `created_by` shows. */
  readonly name: string
  readonly permissions: ReadonlySet<Permission>
}

export const OWNER: Actor = { kind: 'owner', name: 'local', permissions: new Set(PERMISSIONS) }

/** `admin` implies every other permission. */
export const holds = (actor: Actor, permission: Permission): boolean =>
  actor.kind === 'owner' || actor.permissions.has('admin') || actor.permissions.has(permission)
