/** Settings with which nothing asks the real Civitai or Hugging Face: nobody listens there. */
export const NOWHERE = { AIRKEEP_CIVITAI_URL: 'http://127.0.0.1:9', AIRKEEP_HF_URL: 'http://127.0.0.1:9' } as const
