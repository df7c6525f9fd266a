import type { S3Deps } from '../../src/net/s3.ts'

/** The settings that reading from S3 looks at, empty but for `given`. */
export const s3Settings = (given: Partial<S3Deps['settings']> = {}): S3Deps['settings'] => ({
  aws_access_key_id: '',
  aws_secret_access_key: '',
  aws_session_token: '',
  aws_region: '',
  aws_default_region: '',
  aws_endpoint_url_s3: '',
  aws_endpoint_url: '',
  aws_s3_force_path_style: 'auto',
  ...given,
})
