import { serviceEnv } from '#common/env'

export const Env = serviceEnv('openapi-gateway', {})
