import { isIP } from 'node:net'
import { AppError } from '../errors.ts'
import { isBucketName, type S3Object } from './s3-object.ts'

export interface S3AddressSettings {
  readonly aws_region: string
  readonly aws_default_region: string
  readonly aws_endpoint_url_s3: string
  readonly aws_endpoint_url: string
  readonly aws_s3_force_path_style: boolean | 'auto'
}

/** Where an object is asked for. */
export interface S3Place {
  /** Scheme, host and port: `https://bucket.s3.eu-west-1.amazonaws.com`. */
  readonly origin: string
  /** Path of the request, percent-encoded as SigV4 wants it; what is signed and sent. */
  readonly path: string
  /** `host:port` of a server that the owner named, which may have a private address. */
  readonly named: string | undefined
}

/** Buckets whose name may stand in a host name. */
const BUCKET_LABELS = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/

/** Bytes other than `A-Z a-z 0-9 - . _ ~` and the slash percent-encoded, each once: the canonical form of SigV4 for S3. */
const encodePath = (text: string): string =>
  encodeURIComponent(text)
    .replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%2F', '/')

/** @throws AppError invalid_input for a region that is none */
export function regionOf({ aws_region, aws_default_region }: S3AddressSettings): string {
  const region = aws_region.trim() || aws_default_region.trim() || 'us-east-1'
  if (/^[a-z0-9][a-z0-9_-]{0,62}$/i.test(region)) return region
  const name = aws_region.trim() === '' ? 'AWS_DEFAULT_REGION' : 'AWS_REGION'
  throw new AppError('invalid_input', `The setting ${name} must be the name of a region, such as eu-west-1`)
}

interface Endpoint {
  readonly url: URL
  readonly setting: string
}

/** @throws AppError invalid_input naming the setting */
function endpointOf(settings: S3AddressSettings): Endpoint | undefined {
  const setting = settings.aws_endpoint_url_s3.trim() === '' ? 'AWS_ENDPOINT_URL' : 'AWS_ENDPOINT_URL_S3'
  const text = settings.aws_endpoint_url_s3.trim() || settings.aws_endpoint_url.trim()
  if (text === '') return undefined
  const url = URL.canParse(text) ? new URL(text) : undefined
  const plain = url !== undefined && `${url.username}${url.password}${url.search}${url.hash}` === ''
  if (url === undefined || !plain || !/^https?:$/.test(url.protocol)) {
    throw new AppError('invalid_input', `The setting ${setting} must be an address such as https://host:9000`)
  }
  // The signature covers the host as it is sent, and it is sent without the dot.
  if (url.hostname.endsWith('.')) url.hostname = url.hostname.slice(0, -1)
  return { url, setting }
}

/**
 * Where the object is asked for: with the bucket in the host name at AWS itself, in the path where the owner named a
 * server, unless AWS_S3_FORCE_PATH_STYLE says otherwise or the name does not fit into a host name (or, because of its
 * dots, under its certificate).
 * @throws AppError invalid_input naming the setting that is wrong
 */
export function placeOf({ bucket, key }: S3Object, settings: S3AddressSettings): S3Place {
  const endpoint = endpointOf(settings)
  const region = regionOf(settings)
  const base = endpoint?.url ?? new URL(awsOrigin(region))
  const force = settings.aws_s3_force_path_style
  const fits = bucket.length <= 63 && BUCKET_LABELS.test(bucket)
  const inPath =
    force === 'auto' ? endpoint !== undefined || !fits || (bucket.includes('.') && base.protocol === 'https:') : force
  if (!inPath && (!fits || isIP(base.hostname.replace(/^\[|\]$/g, '')) !== 0)) {
    const why = fits ? 'an IP address has no room for it' : 'its name cannot stand in one'
    throw new AppError('invalid_input', `Cannot ask for the bucket ${bucket} by host name: ${why}`, {
      hint: 'Set AWS_S3_FORCE_PATH_STYLE=true',
    })
  }
  const host = inPath ? base.host : `${bucket}.${base.host}`
  const prefix = encodePath(decoded(base.pathname.replace(/\/+$/, '')))
  return {
    origin: `${base.protocol}//${host}`,
    path: `${prefix}${inPath ? `/${bucket}` : ''}/${encodePath(key)}`,
    named: endpoint === undefined ? undefined : `${host}${base.port === '' ? `:${defaultPort(base)}` : ''}`,
  }
}

const awsOrigin = (region: string): string =>
  `https://s3.${region.toLowerCase()}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`

const defaultPort = ({ protocol }: URL): number => (protocol === 'https:' ? 443 : 80)

function decoded(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

/**
 * `host:port` from which the listed buckets are read, and of a server that the owner named: callers with a token may
 * have plain https:// addresses there (presigned ones) fetched too. Nothing where a setting cannot be read.
 */
export function s3Hosts(settings: S3AddressSettings & { readonly s3_buckets: readonly string[] }): readonly string[] {
  try {
    const endpoint = endpointOf(settings)?.url
    const buckets = settings.s3_buckets.filter(isBucketName)
    const hosts = buckets.map((bucket) => hostAndPort(new URL(placeOf({ bucket, key: '-' }, settings).origin)))
    return [...new Set([...(endpoint === undefined ? [] : [hostAndPort(endpoint)]), ...hosts])]
  } catch {
    // Whoever reads an object is told what is wrong; the rest of the program goes on without S3.
    return []
  }
}

const hostAndPort = (url: URL): string => (url.port === '' ? `${url.host}:${defaultPort(url)}` : url.host)
